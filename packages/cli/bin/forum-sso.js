#!/usr/bin/env node
// Stands here before anything is built, so that package managers can link it.
import '../dist/bin.js';
