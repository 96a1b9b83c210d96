/** What of the decoders is used, as narrow as that: their own types are missing or name types of browsers and Emscripten. */

declare module 'unbzip2-stream' {
  /** Decodes what is written at once, and calls the listeners meanwhile. */
  interface Bzip2Decoder {
    write(bytes: Uint8Array): boolean;
    end(): boolean;
    on(event: 'data', listener: (bytes: Uint8Array) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }
  export default function unbzip2(): Bzip2Decoder;
}

declare module 'fzstd' {
  export class Decompress {
    constructor(give: (bytes: Uint8Array, isFinal?: boolean) => void);
    push(bytes: Uint8Array, isFinal?: boolean): void;
  }
}

declare module 'xz-decompress' {
  import type { ReadableStream as WebStream } from 'node:stream/web';
  const xz: { readonly XzReadableStream: new (compressed: WebStream) => WebStream<Uint8Array> };
  export default xz;
}

declare module 'libarchive-wasm' {
  /** Functions of libarchive 3 under their names without `archive_`; archives and entries are pointers. */
  export interface LibarchiveWasm {
    readonly module: { readonly HEAPU8: Uint8Array; _malloc(bytes: number): number; _free(pointer: number): void };
    read_new(): number;
    read_support_format_all(archive: number): number;
    read_open_memory(archive: number, pointer: number, bytes: number): number;
    /** An entry, or 0 at the end and for an error. */
    read_next_entry(archive: number): number;
    read_has_encrypted_entries(archive: number): number;
    read_data(archive: number, pointer: number, bytes: number): number;
    read_free(archive: number): number;
    error_string(archive: number): string | null;
    entry_filetype(entry: number): number;
    entry_pathname(entry: number): string | null;
    entry_symlink(entry: number): string | null;
    /** Seconds since 1970. */
    entry_mtime(entry: number): number;
    entry_is_encrypted(entry: number): number;
  }
  export function libarchiveWasm(): Promise<LibarchiveWasm>;
}
