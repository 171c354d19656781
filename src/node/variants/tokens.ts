/** Sound variants of the reference node: tokens. */

import { variants } from "../fault.ts";

export const tokensVariants = variants({});
