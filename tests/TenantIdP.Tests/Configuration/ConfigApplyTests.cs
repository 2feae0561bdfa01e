using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Configuration;

/// <summary>What a file does to an instance, and what it leaves alone.</summary>
public abstract class ConfigApplyTests(TestStore store)
{
    private const string Billing = """
        version: 1
        organizations:
          acme:
            displayName: Acme
            externalId: acme-1
            roles:
              billing: {displayName: Billing, permissions: [invoices:read]}
            domains:
              acme.example: {}
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plan_says_what_an_apply_then_does_and_after_it_there_is_nothing_to_do()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync(Billing);
        const string changed = """
            version: 1
            organizations:
              acme:
                displayName: Acme, Inc.
                externalId: acme-1
                roles:
                  billing: {permissions: [invoices:write]}
                  auditor: {displayName: Auditor}
                domains: {}
            """;

        var planned = await instance.PlanAsync(changed, "--prune");
        Assert.Equal((2, ""), (planned.Code, planned.Errors));
        Assert.Equal("""
            organization acme:
              ~ organization acme: displayName "Acme" -> "Acme, Inc."
              + role auditor: displayName "Auditor"
              ~ role billing: permissions +invoices:write -invoices:read
              - domain acme.example
            Plan: 1 to add, 2 to change, 1 to delete.

            """.ReplaceLineEndings("\n"), planned.Output);
        Assert.Equal(planned, await instance.PlanAsync(changed, "--prune")); // it changed nothing

        await instance.MustApplyAsync(changed, "--prune");
        var before = await EventsAsync(instance);
        Assert.Equal((0, "Nothing to do.\n", ""), await instance.ApplyAsync(changed, "--prune"));
        Assert.Equal((0, "Nothing to do.\n", ""), await instance.PlanAsync(changed, "--prune"));
        Assert.Equal(before, await EventsAsync(instance));
    }

    [Fact]
    public async Task A_plan_for_machines_names_every_change()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1");

        var planned = await instance.PlanAsync(Billing, "--json");

        using var read = JsonDocument.Parse(planned.Output);
        Assert.Equal((2, 3), (planned.Code, read.RootElement.GetProperty("add").GetInt32()));
        var role = read.RootElement.GetProperty("changes").EnumerateArray().Single(c => c.GetProperty("kind").GetString() == "role");
        Assert.Equal(("acme", "billing", "create"), (role.GetProperty("organization").GetString(), role.GetProperty("key").GetString(), role.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task What_the_file_does_not_name_is_left_alone_even_when_it_is_pruned()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("""
            version: 1
            roles:
              operator: {displayName: Operator}
            organizations:
              acme:
                displayName: Acme
                externalId: "1"
                roles: {a-role: {displayName: A}}
                domains: {acme.example: {}}
              globex:
                displayName: Globex
                roles: {b-role: {displayName: B}}
            """);

        Assert.Equal(0, (await instance.PlanAsync("version: 1\norganizations: {acme: {}}", "--prune")).Code);
        Assert.Equal(0, (await instance.PlanAsync("version: 1\norganizations: {acme: {roles: {}}}")).Code);
        var pruned = await instance.PlanAsync("version: 1\norganizations: {acme: {externalId: \"1\", roles: {}}}", "--prune");
        Assert.Equal("organization acme:\n  - role a-role\nPlan: 0 to add, 0 to change, 1 to delete.\n", pruned.Output);
    }

    [Fact]
    public async Task Every_change_is_an_event_of_the_file()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync(Billing);

        var actors = await instance.UseAsync<IdpDbContext, List<Actor>>(
            async db => [.. (await db.Events.AsNoTracking().ToListAsync(Ct)).Select(e => new Actor(e.ActorKind, e.ActorId))], "acme");

        Assert.Equal(3, actors.Count);
        Assert.All(actors, actor => Assert.Equal(new Actor(ActorKind.Config, "config.yaml"), actor));
    }

    [Fact]
    public async Task An_organization_is_applied_whole_or_not_at_all_and_holds_up_no_other()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);

        var (code, output, errors) = await instance.ApplyAsync("""
            version: 1
            organizations:
              a-first: {displayName: First}
              b-second:
                displayName: Second
                roles: {good-role: {displayName: Good}, bad-role: {displayName: Bad, permissions: [no permission]}}
              c-third: {displayName: Third}
            """);

        Assert.Equal(1, code);
        Assert.Contains("Applied: organization a-first, 1 change.", output, StringComparison.Ordinal);
        Assert.Contains("Refused: organization b-second, + role bad-role: ", errors, StringComparison.Ordinal);
        Assert.Contains("(permission_invalid)", errors, StringComparison.Ordinal);
        Assert.Contains("Applied: organization a-first, organization c-third. Not applied: organization b-second.", errors, StringComparison.Ordinal);
        var slugs = await instance.UseAsync<IdpDbContext, List<Organization>>(db => db.Organizations.AsNoTracking().ToListAsync(Ct));
        Assert.Equal(["a-first", "c-third"], slugs.Select(o => o.Slug.Value).Order());
    }

    [Fact]
    public async Task An_organization_ends_only_when_the_file_says_so_and_comes_back_the_same_way()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync(Billing);

        Assert.Equal(0, (await instance.PlanAsync("version: 1\norganizations: {}", "--prune")).Code);
        foreach (var (state, status) in new[] { ("suspended", OrganizationStatus.Suspended), ("active", OrganizationStatus.Active), ("deleted", OrganizationStatus.Deleting), ("active", OrganizationStatus.Active) })
        {
            await instance.MustApplyAsync($"version: 1\norganizations: {{acme: {{externalId: acme-1, state: {state}}}}}");
            Assert.Equal(status, (await instance.UseAsync<OrganizationService, Result<Organization>>(o => o.FindBySlugAsync("acme", Ct))).Value?.Status);
            Assert.Equal(0, (await instance.PlanAsync($"version: 1\norganizations: {{acme: {{externalId: acme-1, state: {state}}}}}")).Code);
        }

        Assert.Equal(0, (await instance.PlanAsync("version: 1\norganizations: {never-there: {state: deleted}}")).Code);
    }

    [Fact]
    public async Task A_domain_is_verified_with_a_reason_only_and_never_silently_unverified()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync(Billing);
        static string With(string domain) => "version: 1\norganizations: {acme: {externalId: acme-1, domains: {acme.example: {" + domain + "}}}}";

        Assert.Contains("(config_not_possible)", (await instance.PlanAsync(With("verified: true"))).Errors, StringComparison.Ordinal);
        await instance.MustApplyAsync(With("verified: true, reason: Contract"));
        Assert.Contains("(config_not_possible)", (await instance.PlanAsync(With("verified: false"))).Errors, StringComparison.Ordinal);
        Assert.Contains("reason: Contract", await instance.ExportAsync("acme"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_domain_says_where_its_people_sign_in_and_how_they_join_and_the_organization_whom_it_takes()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        const string routed = """
            version: 1
            organizations:
              acme:
                displayName: Acme
                externalId: acme-1
                membershipDomains: list
                membershipDomainList: [Partner.Example, acme.example]
                domains:
                  acme.example:
                    verified: true
                    reason: Contract
                    includeSubdomains: true
                    assignment: offer
                    defaultRole: guest
                    connections:
                    - {connection: Europe, host: "*.eu.acme.example"}
                    - {connection: Americas}
                connections:
                  Europe: {kind: oidc, issuer: "https://eu.example", clientId: c, state: disabled}
                  Americas: {kind: oidc, issuer: "https://us.example", clientId: c, state: disabled}
            """;

        await instance.MustApplyAsync(routed);
        Assert.Equal((0, "Nothing to do.\n", ""), await instance.PlanAsync(routed));
        var exported = await instance.ExportAsync("acme");
        foreach (var line in new[] { "assignment: offer", "defaultRole: guest", "connection: Europe", "host: \"*.eu.acme.example\"", "membershipDomains: list", "- partner.example" }) Assert.Contains(line, exported.Replace('\'', '"'), StringComparison.Ordinal);

        await instance.MustApplyAsync(routed.Replace("connections:\n        - {connection: Europe, host: \"*.eu.acme.example\"}\n        - {connection: Americas}", "connections: [{connection: Americas}]", StringComparison.Ordinal));
        var refused = await instance.ApplyAsync("version: 1\norganizations: {acme: {externalId: acme-1, domains: {acme.example: {connections: [{connection: Asia}]}}}}");
        Assert.Contains("(domain_connection_unknown)", refused.Errors, StringComparison.Ordinal);
        var owner = await instance.UseAsync<OrganizationService, Result<Organization>>(o => o.FindBySlugAsync("acme", Ct));
        Assert.Equal(MembershipDomains.List, owner.Value?.MembershipDomains);
    }

    [Fact]
    public async Task What_is_new_needs_its_name_and_what_never_changes_is_refused_before_anything_is_done()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1\napps: {Worker: {kind: machine}}");

        Assert.Contains("line 2, column 17: The organization \"acme\" is new and needs displayName. (config_missing_key)", (await instance.PlanAsync("version: 1\norganizations: {acme: {}}")).Errors, StringComparison.Ordinal);
        Assert.Contains("(config_fixed)", (await instance.ApplyAsync("version: 1\napps: {Worker: {kind: public}}\norganizations: {acme: {displayName: A}}")).Errors, StringComparison.Ordinal);
        Assert.Empty(await instance.UseAsync<IdpDbContext, List<Organization>>(db => db.Organizations.AsNoTracking().ToListAsync(Ct)));
    }

    [Fact]
    public async Task A_change_of_what_identifies_people_makes_a_connection_a_draft_and_the_file_activates_it_with_its_reason()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        var secret = ConfigInstance.Secret("the secret of the connection");
        string With(string issuer, string state) => $$"""
            version: 1
            organizations:
              acme:
                displayName: Acme
                externalId: acme-1
                requireSso: true
                domains: {acme.example: {verified: true, reason: Contract} }
                connections:
                  First: {kind: oidc, issuer: "{{issuer}}", clientId: id, clientSecret: { env: {{secret}} }, {{state}} }
                  Second: {kind: oidc, issuer: "https://second.example", clientId: id, clientSecret: { env: {{secret}} }, state: active, untestedReason: Moved}
            """;

        Assert.Contains("(connection_untested)", (await instance.ApplyAsync(With("https://first.example", "state: active"))).Errors, StringComparison.Ordinal);
        await instance.MustApplyAsync(With("https://first.example", "state: active, untestedReason: Moved"));
        await instance.MustApplyAsync(With("https://other.example", "state: active, untestedReason: Moved again"));
        await instance.MustApplyAsync(With("https://other.example", "state: disabled"));

        var found = await instance.UseAsync<IdpDbContext, Connection>(db => db.Connections.AsNoTracking().SingleAsync(c => c.DisplayName == "First", Ct), "acme");
        Assert.Equal(("https://other.example", ConnectionStatus.Disabled, true), (found.Issuer, found.Status, found.ClientSecretSealed is not null));
        var refused = await instance.ApplyAsync("version: 1\norganizations: {acme: {externalId: acme-1, connections: {}}}", "--prune");
        Assert.Contains("(connection_required_by_policy)", refused.Errors, StringComparison.Ordinal); // the policy's last one stands
    }

    [Fact]
    public async Task Two_things_of_one_name_are_left_out_with_both_named_and_hold_up_nobody_else()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync(Billing);
        var acme = await instance.IdAsync("acme");
        var made = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var connection = await instance.UseAsync<ConnectionService, Result<Connection>>(
                c => c.CreateOidcAsync(acme, new NewOidcConnection("Twin", "https://idp.example", "id"), Granter.Instance, Ct), "acme");
            made.Add(connection.Value!.Id.ToString()); // the settings are valid
        }

        var said = $"There are two of the connections of acme with the name \"Twin\": {made[0]} and {made[1]}.";
        var planned = await instance.PlanAsync("version: 1\norganizations: {acme: {externalId: acme-1, connections: {}}, globex: {displayName: Globex}}", "--prune");
        Assert.Equal((1, "organization globex:\n  + organization globex: displayName \"Globex\"\nPlan: 1 to add, 0 to change, 0 to delete.\n"), (planned.Code, planned.Output)); // the other organization's own
        Assert.Contains(said, planned.Errors, StringComparison.Ordinal);
        var exported = await instance.RunAsync(["export"], null);
        Assert.Equal(1, exported.Code);
        Assert.Contains(said, exported.Errors, StringComparison.Ordinal);
        Assert.Contains($"# Left out: {said}", exported.Output, StringComparison.Ordinal);
        Assert.Contains("billing:", exported.Output, StringComparison.Ordinal); // the rest is there, and can be applied
        Assert.DoesNotContain("  Twin:", exported.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await instance.PlanAsync(Billing, "--prune")).Code); // a section that is not in the file is nobody's business
    }

    private static Task<int> EventsAsync(ConfigInstance instance) => instance.UseAsync<IdpDbContext, int>(db => db.Events.CountAsync(Ct), "acme");
}

public sealed class ConfigApplyOnSqlite(SqliteStore store) : ConfigApplyTests(store), IClassFixture<SqliteStore>;

public sealed class ConfigApplyOnPostgreSql(PostgreSqlStore store) : ConfigApplyTests(store), IClassFixture<PostgreSqlStore>;
