/** Sound variants of the reference node: transport. */

import { variants } from "../fault.ts";

export const transportVariants = variants({});
