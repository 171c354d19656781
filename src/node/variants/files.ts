/** Sound variants of the reference node: files. */

import { variants } from "../fault.ts";

export const filesVariants = variants({});
