using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>Okta: apps of its catalogue change users by PATCH, those of its wizard by PUT only; neither ever deletes one.</summary>
public abstract class OktaUserTests(IdpHost idp) : DialectTests(idp)
{
    internal const string Ann = """
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@<domain>", "name": { "givenName": "Ann", "familyName": "Lee" },
          "emails": [{ "primary": true, "value": "ann@<domain>", "type": "work" }], "displayName": "Ann Lee", "locale": "en-US", "externalId": "00u1abcdEFGH2ijkl345", "groups": [], "password": "1mz050nq", "active": true
        }
        """;

    private static readonly Step Match = Get("""/Users?filter=userName eq "ann@<domain>"&startIndex=1&count=100""");
    private static readonly Step Made = Post("/Users", Ann).Answers(201).Keeps("ann");

    internal override Vendor Vendor => Vendor.Okta;

    [Fact, Trait("Scim", "O-match"), Trait("Scim", "O-create")]
    public Task A_user_is_looked_for_made_without_keeping_the_password_and_found() => PlayAsync(
        Match.Answers(200, """{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "Resources": [] }"""),
        Post("/Users", Ann).Answers(201, """
            {
              "id": "<any>", "userName": "ann@<domain>", "name": { "givenName": "Ann", "familyName": "Lee" }, "emails": [{ "primary": true, "value": "ann@<domain>", "type": "work" }],
              "displayName": "Ann Lee", "locale": "en-US", "externalId": "00u1abcdEFGH2ijkl345", "active": true, "password": null
            }
            """).Keeps("ann"),
        Match.Finds("ann"),
        Get("/Users/<ann>").Answers(200, """{ "externalId": "00u1abcdEFGH2ijkl345" }"""));

    [Fact, Trait("Scim", "O-update")]
    public Task A_profile_is_read_and_put_back_whole() => PlayAsync(
        Made, Get("/Users/<ann>"),
        Put("/Users/<ann>", """
            {
              "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "<ann>", "userName": "ann@<domain>", "name": { "givenName": "Anna", "middleName": null, "familyName": "Lee" },
              "emails": [{ "primary": true, "value": "ann@<domain>", "type": "work", "display": "ann@<domain>" }], "externalId": "00u1abcdEFGH2ijkl345", "active": true, "groups": [], "meta": { "resourceType": "User" }
            }
            """).Answers(200, """{ "id": "<ann>", "name": { "givenName": "Anna", "familyName": "Lee", "middleName": null }, "locale": null, "displayName": null, "active": true }"""));

    [Fact, Trait("Scim", "O-deactivate"), Trait("Scim", "O-reactivate")]
    public Task A_user_is_deactivated_without_a_path_and_comes_back_when_found_again() => PlayAsync(
        Made, Get("/Users/<ann>"),
        Patch("/Users/<ann>", """{ "op": "replace", "value": { "active": false } }""").Answers(200, """{ "id": "<ann>", "active": false }"""),
        Match.Answers(200, """{ "Resources": [{ "active": false }] }""").Finds("ann"),
        Put("/Users/<ann>", Ann).Answers(200, """{ "id": "<ann>", "active": true }"""),
        Patch("/Users/<ann>", """{ "op": "replace", "value": { "password": "n3w-0ne" } }""").Answers(200, """{ "active": true, "password": null }"""));

    [Fact, Trait("Scim", "O-reactivate")]
    public Task A_user_who_was_deactivated_and_is_made_again_is_the_same_one() => PlayAsync(
        Made, Patch("/Users/<ann>", """{ "op": "replace", "value": { "active": false } }""").Answers(200, """{ "active": false }"""),
        Post("/Users", Ann).Answers(201, """{ "id": "<ann>", "active": true, "externalId": "00u1abcdEFGH2ijkl345" }"""),
        Match.Finds("ann"));

    [Fact, Trait("Scim", "O-create")]
    public Task A_user_who_is_active_and_is_made_again_is_a_conflict_that_says_so() => PlayAsync(
        Made, Post("/Users", Ann).Answers(409, """{ "scimType": "uniqueness" }"""),
        Get("/Users/<ann>").Answers(200, """{ "displayName": "Ann Lee", "active": true }"""));

    [Fact, Trait("Scim", "O-import")]
    public Task An_import_reads_all_users_page_by_page() => PlayAsync(
        Someone("ann"), Someone("bob"), Someone("eve"),
        Get("/Users?startIndex=1&count=100").Finds("ann", "bob", "eve"),
        Get("/Users?startIndex=1&count=2").Answers(200, """{ "totalResults": 3, "itemsPerPage": 2, "startIndex": 1 }"""),
        Get("/Users?startIndex=3&count=2").Answers(200, """{ "totalResults": 3, "itemsPerPage": 1, "startIndex": 3 }"""),
        Get("/Users?startIndex=4&count=2").Answers(200, """{ "totalResults": 3, "itemsPerPage": 0 }"""));

    [Fact, Trait("Scim", "O-detail")]
    public Task An_administrator_reads_what_was_wrong_with_a_profile() => PlayAsync(
        Post("/Users", """{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "name": { "givenName": "Ann" } }""").Answers(400, """{ "scimType": "invalidValue" }"""),
        Post("/Users", """{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@<domain>", "emails": [{ "type": "work", "value": "ann@<domain>" }], "active": "perhaps" }""").Answers(400, """{ "scimType": "invalidValue" }"""));
}

public abstract class OktaWizardTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.Okta;

    [Fact, Trait("Scim", "O-wizard")]
    public Task A_user_lives_and_is_deactivated_and_comes_back_by_put_alone() => PlayAsync(
        Get("""/Users?filter=userName eq "ann@<domain>"&startIndex=1&count=100""").Finds(),
        Post("/Users", OktaUserTests.Ann).Answers(201).Keeps("ann"),
        Get("/Users/<ann>"),
        Put("/Users/<ann>", """
            {
              "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "<ann>", "userName": "ann@<domain>", "name": { "givenName": "Ann", "familyName": "Lee" },
              "emails": [{ "primary": true, "value": "ann@<domain>", "type": "work" }], "externalId": "00u1abcdEFGH2ijkl345", "active": false
            }
            """).Answers(200, """{ "id": "<ann>", "active": false }"""),
        Get("""/Users?filter=userName eq "ann@<domain>"&startIndex=1&count=100""").Finds("ann"),
        Put("/Users/<ann>", OktaUserTests.Ann).Answers(200, """{ "id": "<ann>", "active": true, "userName": "ann@<domain>" }"""));

    [Fact, Trait("Scim", "O-wizard")]
    public Task A_new_user_name_stays_the_same_user() => PlayAsync(
        Post("/Users", OktaUserTests.Ann).Answers(201).Keeps("ann"),
        Put("/Users/<ann>", """
            {
              "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "<ann>", "userName": "ann.moser@<domain>", "name": { "givenName": "Ann", "familyName": "Moser" },
              "emails": [{ "primary": true, "value": "ann.moser@<domain>", "type": "work" }], "externalId": "00u1abcdEFGH2ijkl345", "active": true
            }
            """).Answers(200, """{ "id": "<ann>", "userName": "ann.moser@<domain>", "emails": [{ "value": "ann.moser@<domain>" }] }"""),
        Get("""/Users?filter=userName eq "ann@<domain>"&startIndex=1&count=100""").Finds(),
        Get("""/Users?filter=userName eq "ann.moser@<domain>"&startIndex=1&count=100""").Finds("ann"));
}

[Collection(SqliteHost.Name)]
public sealed class OktaUsersOnSqlite(SqliteIdp idp) : OktaUserTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OktaUsersOnPostgreSql(PostgreSqlIdp idp) : OktaUserTests(idp);

[Collection(SqliteHost.Name)]
public sealed class OktaWizardOnSqlite(SqliteIdp idp) : OktaWizardTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OktaWizardOnPostgreSql(PostgreSqlIdp idp) : OktaWizardTests(idp);
