const HIDDEN = '(redacted)'
/** A user, with or without a password, before the host. */
const USER = /\b([a-z][a-z0-9+.-]*:\/\/)[^/?#\s"']*@/gi
/** A parameter whose name says that its value opens something: of a signed URL, of a login. */
const PARAMETER =
  /([?&][\w.-]*(?:sig|credential|token|key|secret|password|passwd|pwd|auth|code)[\w.-]*=)(?!\(redacted\))[^&#\s"'),;]+/gi

/** Text as it may be shown: URLs in it without user and password, and without the values that sign them or log in. */
export const withoutSecrets = (text: string): string =>
  text.includes('://') ? text.replace(USER, `$1${HIDDEN}@`).replace(PARAMETER, `$1${HIDDEN}`) : text
