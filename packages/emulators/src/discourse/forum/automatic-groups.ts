import type { ForumUser } from './records.js';

export interface AutomaticGroup {
  readonly id: number;
  readonly name: string;
  /** Is this person in it? */
  readonly holds: (user: ForumUser) => boolean;
}

/** The groups that the forum keeps by itself, with Discourse's numbers. */
export const automaticGroups: readonly AutomaticGroup[] = [
  { id: 1, name: 'admins', holds: ({ admin }) => admin },
  { id: 2, name: 'moderators', holds: ({ moderator }) => moderator },
  { id: 3, name: 'staff', holds: ({ admin, moderator }) => admin || moderator },
  ...[0, 1, 2, 3, 4].map((level) => ({
    id: 10 + level,
    name: `trust_level_${level}`,
    holds: ({ trustLevel, staged }: ForumUser) => !staged && trustLevel >= level,
  })),
];

/** Is a name kept for one of them, in any case? */
export function isAutomaticName(name: string): boolean {
  const wanted = name.toLowerCase();
  return wanted === 'everyone' || automaticGroups.some((group) => group.name === wanted);
}
