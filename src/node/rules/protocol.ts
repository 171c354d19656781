/** Numbers and decisions of the reference node: protocol. Each names the source it follows. */

// deno-lint-ignore no-empty-interface -- filled as the node asks for decisions of this area
export interface ProtocolRules {
}

export const protocolRules: ProtocolRules = {};
