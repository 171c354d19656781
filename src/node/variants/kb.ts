/** Sound variants of the reference node: kb. */

import { variants } from "../fault.ts";

export const kbVariants = variants({});
