/** Holds the model's answers to one role, so that a test acts in the middle of a run. */
import type { Endpoint } from '../story/endpoint.ts';

/** From now on the answers to this role wait; the returned function lets them all go. */
export function holdRole(endpoint: Endpoint, held: string): () => void {
  let letGo = (): void => undefined;
  const gone = new Promise<undefined>((resolve) => {
    letGo = () => resolve(undefined);
  });
  endpoint.fault = ({ role }) => (role === held ? gone : undefined);
  return letGo;
}
