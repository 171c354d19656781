/** The bus: which capability serves a call, who may make it, and running it. wire-format.md sections 5 and 14. */

import { type CapabilityEntry, isObject, type JsonObject, parseVersion } from "../../protocol/mod.ts";
import {
  type Bus,
  type BusAnswer,
  type Call,
  type CapabilityDescriptor,
  type Handler,
  type IncomingCall,
  type NodeCore,
  NodeError,
  type Trust,
  type UnaryResult,
} from "../core.ts";
import type { Frame } from "../core.ts";
import type { ScoredProvider } from "../rules/bus.ts";
import { refusalOf } from "./errors.ts";
import { Execution, GuardedFrames, runUnary } from "./execution.ts";
import { type Registration, Registry } from "./registry.ts";
import { bodyProblem, hashOf } from "./schema.ts";
import type { Release } from "./slots.ts";

/** The bus of a node. Reads the other members of `core` only when calls come in. */
export function createBus(core: NodeCore): Bus {
  return new NodeBus(core);
}

/** Remembered levels of callers; only faulty rules ask for it. */
const MAX_REMEMBERED_LEVELS = 1000;

class NodeBus implements Bus {
  readonly #registry: Registry;
  readonly #levels = new Map<string, { readonly level: Trust; readonly at: number }>();
  #running = 0;
  #poisoned = false;

  constructor(private readonly core: NodeCore) {
    this.#registry = new Registry(core.rules);
  }

  register(descriptor: CapabilityDescriptor, handler: Handler): void {
    const trust = this.core.rules.requiredTrust(descriptor.name, descriptor.trust);
    this.#registry.add(trust === descriptor.trust ? descriptor : { ...descriptor, trust }, handler);
  }

  descriptors(): readonly CapabilityDescriptor[] {
    return this.#registry.descriptors();
  }

  entries(): readonly CapabilityEntry[] {
    const { rules, clock } = this.core;
    const offline = this.core.emergency.mode === "offline";
    const shown = (d: CapabilityDescriptor) =>
      d.hidden !== true && (rules.experimentalEnabled || !d.name.startsWith("experimental.")) &&
      (!offline || rules.advertisedOffline(d.params));
    const entries = this.descriptors().filter(shown).map((d) => ({
      name: d.name,
      version: d.version,
      stability: d.stability,
      schema_hash: rules.advertisedSchemaHash(hashOf(d), d, clock.wall()),
      params: d.params,
      max_concurrent: d.max_concurrent,
    }));
    return rules.advertisedEntries(entries);
  }

  inFlight(): number {
    return this.core.rules.reportedInFlight(this.#running);
  }

  async dispatch(call: IncomingCall): Promise<BusAnswer> {
    try {
      if (this.#poisoned) throw new NodeError("internal_error", "the bus does not answer");
      return await this.#dispatch(call);
    } catch (error) {
      const refusal = refusalOf(error);
      if (this.core.rules.refusalPoisonsBus(refusal.code)) this.#poisoned = true;
      throw refusal;
    }
  }

  #dispatch(call: IncomingCall): Promise<BusAnswer> | BusAnswer {
    const { rules } = this.core;
    if (rules.experimentalSwitchFirst) this.#requireSwitch(call);
    const requested = rules.readVersion(call.version);
    if (requested === undefined) {
      throw new NodeError("bad_request", `a version is major.minor: current value is ${call.version.slice(0, 40)}`);
    }
    const params = call.body["params"];
    const lookup = this.#registry.find(call.capability, requested, isObject(params) ? params : undefined);
    switch (lookup.kind) {
      case "found":
        return this.#serve(lookup.registration, call);
      case "unknown":
        return this.#elsewhere(call, () => this.#unknown(call));
      case "version":
        return this.#elsewhere(call, () => this.#wrongVersion(call, lookup.nearest, lookup.sameMajor));
    }
  }

  #requireSwitch({ capability }: IncomingCall): void {
    const { rules } = this.core;
    if (!rules.experimentalEnabled && rules.isContractExperimental(capability)) {
      throw new NodeError("experimental_disabled", `${capability} is experimental and switched off here`);
    }
  }

  /** Forwards to a peer that offers what this node does not, else answers by `otherwise`. */
  #elsewhere(call: IncomingCall, otherwise: () => BusAnswer): Promise<BusAnswer> | BusAnswer {
    const { rules, peers } = this.core;
    if (!rules.routesToPeers || !peers.offers(call.capability, call.version)) return otherwise();
    this.#requireLevel(call, rules.routedTrust(call.capability));
    return this.#forward(call);
  }

  #unknown(call: IncomingCall): BusAnswer {
    const { rules } = this.core;
    const output = rules.answerUnregistered(call.capability, call.body);
    if (output !== undefined) return { kind: "unary", body: { output, meta: { ms: 0 } } };
    if (!rules.experimentalSwitchFirst && rules.isContractExperimental(call.capability)) {
      const { input } = call.body;
      if (!isObject(input) || Object.keys(input).length === 0) throw new NodeError("bad_request", "input is missing");
      this.#requireSwitch(call);
    }
    throw new NodeError(rules.unknownNameCode, `nobody offers ${call.capability}`);
  }

  #wrongVersion(call: IncomingCall, nearest: Registration, sameMajor: boolean): BusAnswer {
    const { name, version } = nearest.descriptor;
    const message = `${name}@${call.version} is not served, ${name}@${version} is`;
    const code = this.core.rules.versionRefusal(sameMajor);
    const more = code === "schema_mismatch" ? this.#expectedHash(nearest.descriptor) : {};
    throw new NodeError(code, message, { ...more, alt_capabilities: [`${name}@${version}`] });
  }

  #expectedHash(descriptor: CapabilityDescriptor): { schema_hash_expected?: string } {
    const { rules, clock } = this.core;
    const hash = rules.expectedSchemaHash(rules.advertisedSchemaHash(hashOf(descriptor), descriptor, clock.wall()));
    return hash === undefined ? {} : { schema_hash_expected: hash };
  }

  #serve(registration: Registration, call: IncomingCall): Promise<BusAnswer> | BusAnswer {
    const { rules } = this.core;
    const { descriptor, slots } = registration;
    const body = rules.readBody(call.body, descriptor);
    const checkBody = () => {
      if (rules.bodyCheckedWhen === "after") return;
      try {
        this.#requireBody(descriptor, body);
      } catch (error) {
        // A node that forgets to free slots after errors has mostly taken them before it looked at the body.
        if (!rules.errorFreesSlot) slots.tryTake();
        throw error;
      }
    };
    if (rules.firstCheck === "schema") checkBody();
    const level = this.#requireLevel(call, descriptor.trust);
    if (rules.firstCheck === "trust") checkBody();
    if (slots.load >= rules.localShare && this.#peerIsBetter(registration, call)) return this.#forward(call);
    const release = slots.tryTake();
    if (release !== undefined) return this.#run(registration, call, body, level, release);
    return this.#full(registration, call, body, level);
  }

  async #full(registration: Registration, call: IncomingCall, body: JsonObject, level: Trust): Promise<BusAnswer> {
    const { rules } = this.core;
    const { descriptor, slots } = registration;
    switch (rules.whenFull) {
      case "queue":
        return await this.#run(registration, call, body, level, await slots.take(call.signal));
      case "not_found":
        throw new NodeError("not_found", `no provider of ${descriptor.name} has room`);
      case "refuse":
        throw new NodeError("capacity_exceeded", `all ${slots.limit} slots of ${descriptor.name} are in use`, {
          retry_after_ms: rules.fullRetryMs,
        });
    }
  }

  /** Level check; returns the level the call runs with. A signer that is the node itself is `self`. */
  #requireLevel(call: IncomingCall, required: Trust): Trust {
    const { rules, identity } = this.core;
    const own = call.caller === identity.id && call.token === undefined;
    const level = own ? "self" : this.#levelOf(call);
    if (!rules.trustPasses(level, required)) {
      throw new NodeError("unauthorized", `${call.capability} asks for ${required}, the caller is ${level}`);
    }
    return level;
  }

  #levelOf(call: IncomingCall): Trust {
    const { rules, clock } = this.core;
    if (rules.levelCacheMs === 0) return call.level;
    const known = this.#levels.get(call.caller);
    if (known !== undefined && clock.mono() - known.at < rules.levelCacheMs) return known.level;
    if (this.#levels.size >= MAX_REMEMBERED_LEVELS) this.#levels.clear();
    this.#levels.set(call.caller, { level: call.level, at: clock.mono() });
    return call.level;
  }

  /** @throws {NodeError} `bad_request` if the body breaks the request schema. */
  #requireBody(descriptor: CapabilityDescriptor, body: JsonObject): void {
    for (const part of ["params", "input"]) {
      const value = body[part];
      if (value !== undefined && !isObject(value)) throw new NodeError("bad_request", `body.${part} must be object`);
    }
    const problem = bodyProblem(descriptor.request_schema, body, this.core.rules.bodyCheck);
    if (problem !== undefined) throw new NodeError("bad_request", `${descriptor.name}: ${problem}`);
  }

  #peerIsBetter({ descriptor, slots, health }: Registration, call: IncomingCall): boolean {
    const { rules, peers, random } = this.core;
    if (!rules.routesToPeers) return false;
    const others = peers.providers?.(call) ?? [];
    if (others.length === 0) return false;
    const facts = { local: true, p50Ms: health.p50Ms, load: slots.load, success: health.success };
    const local: ScoredProvider[] = slots.used < descriptor.max_concurrent
      ? [{ ...facts, node: "local", score: rules.providerScore(facts) }]
      : [];
    const best = rules.pickProvider([...local, ...others], random);
    return best !== undefined && !best.local;
  }

  async #forward(call: IncomingCall): Promise<BusAnswer> {
    this.#running++;
    let held = true;
    const done = () => {
      if (held) this.#running--;
      held = false;
    };
    const execution = new Execution(call.signal, done);
    try {
      const answer = await this.core.peers.route({ ...call, signal: execution.signal });
      if (answer.kind === "unary") {
        execution.end(undefined);
        return answer;
      }
      const { rules, clock } = this.core;
      const limits = { deadlineMs: rules.peerDeadlineMs(call.capability), graceMs: rules.cancelGraceMs };
      return { kind: "stream", frames: new GuardedFrames(answer.frames, clock, limits, execution) };
    } catch (error) {
      const refusal = refusalOf(error);
      execution.end(refusal);
      throw refusal;
    }
  }

  #run(
    registration: Registration,
    incoming: IncomingCall,
    body: JsonObject,
    level: Trust,
    release: Release,
  ): Promise<BusAnswer> | BusAnswer {
    const { rules, clock } = this.core;
    const { descriptor, handler, health } = registration;
    const started = clock.mono();
    const streaming = incoming.transport === "websocket" || rules.streams(descriptor, body, incoming.acceptsStream);
    let stream = false;
    this.#running++;
    const execution = new Execution(incoming.signal, (refusal) => {
      this.#running--;
      const mono = clock.mono();
      health.record(refusal === undefined || !rules.countsAsFailure(refusal.code), mono - started, mono);
      const frees = refusal !== undefined ? rules.errorFreesSlot : !stream || rules.streamEndFreesSlot;
      if (frees) release();
    });
    const call: Call = {
      capability: descriptor.name,
      version: incoming.version,
      requestId: incoming.requestId,
      caller: incoming.caller,
      level,
      params: objectOf(body["params"]),
      input: objectOf(body["input"]),
      body,
      ...(incoming.token === undefined ? {} : { token: incoming.token }),
      depth: incoming.depth,
      transport: incoming.transport === "websocket" ? "websocket" : streaming ? "sse" : "unary",
      signal: execution.signal,
      inbox: incoming.inbox,
      ...(incoming.headers === undefined ? {} : { headers: incoming.headers }),
    };
    const deadline = descriptor.deadlineMs ?? rules.callDeadlineMs(descriptor.name);
    try {
      const result = handler(call);
      if (isFrames(result)) {
        stream = true;
        const limits = { deadlineMs: deadline, graceMs: rules.cancelGraceMs };
        return { kind: "stream", frames: new GuardedFrames(result, clock, limits, execution) };
      }
      return this.#unary(descriptor, body, result, deadline, execution, started);
    } catch (error) {
      const refusal = refusalOf(error);
      execution.end(refusal);
      throw refusal;
    }
  }

  async #unary(
    descriptor: CapabilityDescriptor,
    body: JsonObject,
    result: Promise<UnaryResult> | UnaryResult,
    deadline: number,
    execution: Execution,
    started: number,
  ): Promise<BusAnswer> {
    const { rules, clock } = this.core;
    const value = await runUnary(result, clock, deadline, execution);
    if (rules.bodyCheckedWhen === "after") this.#requireBody(descriptor, body);
    const ms = rules.reportedMs(clock.mono() - started, clock.wall());
    return { kind: "unary", body: rules.unaryBody(value, ms, descriptor) };
  }
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function isFrames(result: object): result is AsyncGenerator<Frame, void, void> {
  return Symbol.asyncIterator in result;
}

/** Whether the text is a version the node could compare; used by tokens and peers too. */
export function versionServed(core: Pick<NodeCore, "rules">, offered: string, requested: string): boolean {
  const a = parseVersion(offered);
  const b = core.rules.readVersion(requested);
  return a !== undefined && b !== undefined && core.rules.versionServes(a, b);
}
