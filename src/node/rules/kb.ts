/** Numbers and decisions of the reference node: kb. Each names the source it follows. */

// deno-lint-ignore no-empty-interface -- filled as the node asks for decisions of this area
export interface KbRules {
}

export const kbRules: KbRules = {};
