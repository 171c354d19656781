/** Where an alert is for: polygons of CONTRACT3 §4.16, or a region of M31. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";

const MAX_AREAS = 64;
const MAX_POINTS = 10_000;
/** A ring needs three corners and its first point again (RFC 7946 section 3.1.6). */
const MIN_RING = 4;
const MAX_LATITUDE = 90;
const MAX_LONGITUDE = 180;

function bad(): NodeError {
  return new NodeError("civdef_alert_target_invalid", "Cannot publish: neither areas nor target.region is usable");
}

function isPosition(value: Json): boolean {
  if (!Array.isArray(value)) return false;
  const [longitude, latitude] = value;
  return typeof longitude === "number" && typeof latitude === "number" && Math.abs(longitude) <= MAX_LONGITUDE &&
    Math.abs(latitude) <= MAX_LATITUDE;
}

function isPolygon(value: Json | undefined): boolean {
  if (!isObject(value) || value.type !== "Polygon" || !Array.isArray(value.coordinates)) return false;
  const rings: readonly Json[] = value.coordinates;
  return rings.length > 0 &&
    rings.every((ring) =>
      Array.isArray(ring) && ring.length >= MIN_RING && ring.length <= MAX_POINTS && ring.every(isPosition)
    );
}

/**
 * The region an alert names; undefined if it has polygons alone.
 *
 * @throws {NodeError} `civdef_alert_target_invalid` if there is no usable area.
 */
export function targetRegion(input: JsonObject): string | undefined {
  const { areas, target } = input;
  const region = isObject(target) ? target.region : undefined;
  if (areas !== undefined) {
    if (!Array.isArray(areas) || areas.length === 0 || areas.length > MAX_AREAS) throw bad();
    if (!areas.every((area: Json) => isObject(area) && isPolygon(area.polygon))) throw bad();
  } else if (typeof region !== "string" || region === "") throw bad();
  return typeof region === "string" ? region : undefined;
}
