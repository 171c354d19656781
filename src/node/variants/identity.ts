/** Sound variants of the reference node: identity. */

import { variants } from "../fault.ts";

export const identityVariants = variants({});
