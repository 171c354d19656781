/** Sound variants of the reference node: events. */

import { variants } from "../fault.ts";

export const eventsVariants = variants({});
