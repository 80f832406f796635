import { fchmodSync, fstatSync, openSync } from 'node:fs';

/**
 * Opens a file to write it anew, readable by its owner alone, also where it was there before and others could read it.
 * @returns the file's descriptor
 * @throws the system's error
 */
export function openPrivateFile(path: string): number {
  const fd = openSync(path, 'w', 0o600);
  // Not a terminal or /dev/null, which are everybody's.
  if (fstatSync(fd).isFile()) fchmodSync(fd, 0o600);
  return fd;
}
