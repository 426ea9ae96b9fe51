export type PreparedMoto =
  | { readonly way: 'python'; readonly folder: string }
  | { readonly way: 'none'; readonly why: string }

export type RunningMoto = { readonly url: string; readonly how: string; stop(): Promise<void> }

export declare const MOTO_VERSION: string
export declare const HOW_TO_GET_MOTO: string
export declare function prepareMoto(say?: (text: string) => void): Promise<PreparedMoto>
/** `folder` is where it was fetched to. */
export declare function startMoto(folder: string): Promise<RunningMoto>
