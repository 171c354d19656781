/** Whether the runtime was told to export; apart from what it would load. */

/** `OTEL_DENO=true`, as the runtime reads it. @param environment Reads a variable of the process. */
export function exportsTelemetry(environment: (name: string) => string | undefined): boolean {
  return ["true", "1"].includes((environment("OTEL_DENO") ?? "").toLowerCase());
}
