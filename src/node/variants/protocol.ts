/** Sound variants of the reference node: protocol. */

import { variants } from "../fault.ts";

export const protocolVariants = variants({});
