/** What a person brings with a resume: words for the agent that stopped, or another model. Recorded; it approves nothing. */
import { z } from 'zod';
import { isReasonCode } from './reasons.ts';
import { ROLES } from './roles.ts';

export const resumeSchema = z.strictObject({
  id: z.string(),
  by: z.string(),
  at: z.string(),
  /** What it goes on after. */
  code: z.string().refine(isReasonCode),
  /** Whom it is for: the agent that stopped, or for a review the lead of the next attempt. */
  stage: z.string(),
  attempt: z.int(),
  role: z.enum(ROLES),
  agent: z.string(),
  /** The head of its transcript where it stopped; empty where it is before its next request. */
  head: z.string(),
  comment: z.string(),
  /** Empty: the same as before. */
  model: z.string(),
});
export type Resume = z.infer<typeof resumeSchema>;

/** What a person gave with `resume`. */
export interface Words {
  readonly comment: string;
  readonly model: string;
}

/** False for one that only goes on. */
export const hasWords = ({ comment, model }: Words): boolean => comment !== '' || model !== '';

const SAID = 'A person resumed this run';

/** Was the row written for a resume with words? */
export const isSaid = (content: string): boolean => content.startsWith(SAID);

/** The row in the transcript of the agent that it is for; `number` makes each another one. */
export function resumeText(resume: Resume, number: number): string {
  if (resume.comment !== '')
    return `${SAID} after ${resume.code} (resume ${number}, ${resume.by}). Their words, which approve nothing: ${JSON.stringify(resume.comment)}`;
  if (resume.model !== '') return `${SAID} after ${resume.code} (resume ${number}, ${resume.by}). Another model answers from here on.`;
  return `Resumed after ${resume.code} without a word (resume ${number}). Do something else than before: the next stretch that leads nowhere is the last.`;
}

/** For the lead of the attempt after this review. */
export const isForReview = (resume: Resume, reviewed: number): boolean =>
  resume.role === 'lead' && resume.stage.startsWith('review') && resume.attempt === reviewed;
