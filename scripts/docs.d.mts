/** What is missing, broken or left over in the pages of `folder` (by default this project), as sentences. */
export function docProblems(folder?: string): string[]
