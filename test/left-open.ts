/** What to close after a file's tests. A beforeAll may also start something. */
export const up: (() => Promise<unknown>)[] = [];

/** Folders to remove after a file's tests: all of them together would leave a gigabyte. */
export const folders: string[] = [];
