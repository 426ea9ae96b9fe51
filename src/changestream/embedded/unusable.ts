import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'

/** Says of what the file system refused that it was about this folder; to be given to `catch`. */
export const unusable =
  (folder: string) =>
  (cause: unknown): never => {
    if (cause instanceof WhohadError) throw cause
    throw changestreamErrors.folderUnusable({ folder, reason: reasonOf(cause) }, cause)
  }
