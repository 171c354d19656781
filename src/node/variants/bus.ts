/** Sound variants of the reference node: bus. */

import { variants } from "../fault.ts";

export const busVariants = variants({});
