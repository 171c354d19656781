/** Sound variants of the reference node: websocket. */

import { variants } from "../fault.ts";

export const websocketVariants = variants({});
