// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* SCRAM-SHA-256-PLUS binds to a TLS channel that ends here: it is struck from the offer. */
STORY(sasl_plus_struck)
{
    struct pair *p = world_connect(w);
    SAYS(&p->client, fe_startup("alice", "db"));
    world_accept(p);
    SEES(&p->server, fe_startup("alice", "db"));
    SAYS(&p->server, say('R', "4ss1", 10u, "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", 0u));
    SEES(&p->client, say('R', "4s1", 10u, "SCRAM-SHA-256", 0u));

    struct pgr_bytes proof[] = {
        say('p', "s4b", "SCRAM-SHA-256", 5u, PGR_BYTES_LIT("n,,n=")),
        say('R', "4b", 11u, PGR_BYTES_LIT("r=nonce,s=c2FsdA==,i=4096")),
        say('p', "b", PGR_BYTES_LIT("c=biws,r=nonce,p=proof")),
        say('R', "4b", 12u, PGR_BYTES_LIT("v=verifier")),
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(proof); i++) {
        SAYS(i % 2 ? &p->server : &p->client, proof[i]);
        SEES(i % 2 ? &p->client : &p->server, proof[i]);
    }
    SAYS(&p->server, be_auth(0), be_ready('I'));
    SEES(&p->client, be_auth(0), be_ready('I'));
}
