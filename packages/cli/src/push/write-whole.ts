import { writeSync } from 'node:fs';

/** Writes all of a text; a disk that fills up takes a part of it first. @throws the system's error */
export function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
