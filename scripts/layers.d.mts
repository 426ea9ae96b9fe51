/** Violations of the layers of `folder`/src, as sentences. */
export function layerViolations(folder?: string): string[]
