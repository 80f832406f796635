/** The queries of the embedded stream, by the ids under which the browser asks for them. */
export const persistedQueries: Readonly<Record<string, string>> = {
  StreamQuery: `query StreamQuery($storyID: ID!, $storyURL: String!) {
    viewer { id username email role badges avatar ssoURL status { current } }
    stream(id: $storyID, url: $storyURL) {
      id
      comments { nodes { id body createdAt author { id username badges } } }
    }
  }`,
  CreateComment: `mutation CreateComment($input: CreateCommentInput!) {
    createComment(input: $input) { edge { node { id } } clientMutationId }
  }`,
};
