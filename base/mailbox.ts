/** Messages from one thread on their way to the one reader, in order. */
export class Mailbox<T> {
  readonly #messages: T[] = [];
  #isClosed = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  put(message: T): void {
    this.#messages.push(message);
    this.#wake?.();
  }

  /** No further message comes; those that are there can still be taken. */
  close(error: Error | null = null): void {
    this.#isClosed = true;
    this.#error ??= error;
    this.#wake?.();
  }

  /** The next message, or null after the last one. @throws the error that it was closed with */
  async take(): Promise<T | null> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#error) throw this.#error;
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
