/** An embedded log has one partition. */
export const PARTITION = 0
