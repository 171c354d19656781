/** A bus that only keeps handlers, so that capabilities can be called as a given member. */

import type { Identity, JsonObject } from "../../protocol/mod.ts";
import { isObject } from "../../protocol/mod.ts";
import { bodyProblem } from "../bus/schema.ts";
import type { Call, CapabilityDescriptor, Frame, Handler, NodeCore, UnaryResult } from "../core.ts";
import { NodeError } from "../core.ts";
import { openTestLog, type TestNode } from "../log/testing.ts";

/** A test log with the capabilities of the given families. */
export function openTestCalls(register: readonly ((core: NodeCore) => void)[], choice: TestNode = {}) {
  const served = new Map<string, { descriptor: CapabilityDescriptor; handler: Handler }>();
  const parts = {
    bus: {
      register: (descriptor: CapabilityDescriptor, handler: Handler) =>
        void served.set(descriptor.name, { descriptor, handler }),
    },
    peers: {},
    manifest: { current: () => ({ endpoints: [{ transport: "http", host: "127.0.0.1", port: 7080 }] }) },
  } as unknown as Partial<NodeCore>;
  const test = openTestLog({ ...choice, capabilities: { ...parts, ...choice.capabilities } });
  for (const family of register) family(test.core);

  const start = (caller: Identity, capability: string, input: JsonObject) => {
    const entry = served.get(capability);
    if (entry === undefined) throw new NodeError("not_found", capability);
    const body = { params: {}, input };
    const problem = bodyProblem(entry.descriptor.request_schema, body, test.core.rules.bodyCheck);
    if (problem !== undefined) throw new NodeError("bad_request", problem);
    const self = caller.id === test.core.identity.id;
    const call = {
      capability,
      version: "1.0",
      requestId: "",
      caller: caller.id,
      level: self ? "self" : test.community.level(caller.id),
      params: {},
      input,
      body,
      depth: 0,
      transport: "unary",
      signal: new AbortController().signal,
      inbox: (async function* () {})(),
    } as unknown as Call;
    return entry.handler(call);
  };
  /** Output and meta of a unary call, or the code it was refused with. */
  const call = async (caller: Identity, capability: string, input: JsonObject): Promise<JsonObject> => {
    try {
      const { output, meta } = await (start(caller, capability, input) as Promise<UnaryResult>);
      return { ...output, ...(meta === undefined ? {} : { meta }) };
    } catch (error) {
      if (error instanceof NodeError) return { error: error.code };
      throw error;
    }
  };
  const frames = async (caller: Identity, capability: string, input: JsonObject): Promise<Frame[]> => {
    const result = start(caller, capability, input);
    return isObject(result) && Symbol.asyncIterator in result
      ? await Array.fromAsync(result as unknown as AsyncIterable<Frame>)
      : [];
  };
  return { ...test, call, frames, descriptors: [...served.values()].map(({ descriptor }) => descriptor) };
}
