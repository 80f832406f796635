import { crc32, deflateSync } from 'node:zlib';

import type { Express, Response } from 'express';

import { HttpError } from '../../server/index.js';

const largest = 512;
const plain = '0f6a9a';

/** Pictures at the addresses that profiles name: plain coloured squares of the size that was asked for. */
export function mountPictureRoutes(app: Express): void {
  app.get('/letter_avatar_proxy/v4/letter/:letter/:colour/:size', (request, response) =>
    sendSquare(response, String(request.params.colour), sizeOf(String(request.params.size))),
  );
  app.get('/user_avatar/:host/:username/:size/:file', (request, response) =>
    sendSquare(response, plain, sizeOf(String(request.params.size))),
  );
  app.get('/uploads/default/original/1X/:file', (_request, response) => sendSquare(response, plain, 120));
}

function sizeOf(text: string): number {
  const size = Number(text.replace(/\.png$/, ''));
  if (!Number.isInteger(size) || size < 1 || size > largest)
    throw new HttpError(404, 'There is no such picture.');
  return size;
}

function sendSquare(response: Response, colour: string, size: number): void {
  if (!/^[0-9a-f]{6}$/.test(colour)) throw new HttpError(404, 'There is no such picture.');
  response.type('png').send(squarePng(Buffer.from(colour, 'hex'), size));
}

/** A PNG of one colour: eight bits a channel, no transparency. */
function squarePng(rgb: Uint8Array, size: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.of(0), ...Array.from({ length: size }, () => rgb)]);
  const rows = Buffer.concat(Array.from({ length: size }, () => row));
  return Buffer.concat([
    Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.byteLength, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}
