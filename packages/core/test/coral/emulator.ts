/** The stand-in for Coral that the tests run against; it shares no code with what is tested. */
export * from '../../../emulators/src/coral/index.js';
