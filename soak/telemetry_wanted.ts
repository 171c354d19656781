/** Whether the runtime was told to export; apart from what it would load. */

/** `OTEL_DENO=true`, as the runtime reads it. @param environment Reads a variable of the process. */
export function exportsTelemetry(environment: (name: string) => string | undefined): boolean {
  return ["true", "1"].includes((environment("OTEL_DENO") ?? "").toLowerCase());
}

/** Milliseconds between two exports of metrics where the environment says so. */
export function exportInterval(environment: (name: string) => string | undefined): number | undefined {
  const ms = Number(environment("OTEL_METRIC_EXPORT_INTERVAL") ?? "");
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
