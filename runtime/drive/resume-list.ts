/** `resumes.json` in the dossier: every resume that an agent is told of. */
import { type Resume, resumeSchema } from '../../domain/resume.ts';
import { recordedList } from '../decide/recorded-list.ts';

export const resumeList = recordedList<Resume>({ file: 'resumes.json', kind: 'resumes', action: 'run-resumed', schema: resumeSchema });
