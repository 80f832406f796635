import preset from '../../jest.preset.mjs';

// Most of the time these tests wait: for a mark to end, a limit to pass, a body that never comes.
export default { ...preset, maxWorkers: 3 };
