/** Numbers and decisions of the reference node: websocket. Each names the source it follows. */

// deno-lint-ignore no-empty-interface -- filled as the node asks for decisions of this area
export interface WebsocketRules {
}

export const websocketRules: WebsocketRules = {};
