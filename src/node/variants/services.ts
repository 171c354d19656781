/** Sound variants of the reference node: services. */

import { variants } from "../fault.ts";

export const servicesVariants = variants({});
