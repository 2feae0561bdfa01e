using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Organizations;

/// <summary>Former slugs, the limit of members, and people who may be in one organization only.</summary>
public abstract class OrganizationPolicyTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_former_slug_leads_to_its_organization_and_nobody_else_gets_it()
    {
        using var client = host.AsOperator();
        var (old, next) = (ManagementHost.Unique("old"), ManagementHost.Unique("next"));
        var id = (await CreatedAsync(client, new { displayName = "Acme", slug = old })).GetProperty("id").GetString();
        await PatchAsync(client, id, new { slug = next });

        Assert.Equal(next, (await client.GetFromJsonAsync<JsonElement>($"organizations/by-slug/{old}", Ct)).GetProperty("slug").GetString());
        var found = await host.ReadAsync(null, db => new AuthorizeService(db, new AccessReader(db, TimeProvider.System), null!, TimeProvider.System).FindAsync(old, Ct));
        Assert.Equal(id, found?.Id.ToString());
        await AssertProblem.IsAsync(await client.PostAsJsonAsync("organizations", new { displayName = "Squatter", slug = old }, Ct), HttpStatusCode.Conflict, "slug_taken", Ct);
        var other = (await CreatedAsync(client, new { displayName = "Other" })).GetProperty("id").GetString();
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{other}", new { slug = old }, Ct), HttpStatusCode.Conflict, "slug_taken", Ct);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{other}", new { slug = next }, Ct), HttpStatusCode.Conflict, "slug_taken", Ct);

        // Its own former slug it may have back; then the one in between leads to it.
        await PatchAsync(client, id, new { slug = old });
        Assert.Equal(old, (await client.GetFromJsonAsync<JsonElement>($"organizations/by-slug/{next}", Ct)).GetProperty("slug").GetString());
    }

    [Fact]
    public async Task After_ninety_days_a_former_slug_is_anybodys()
    {
        using var client = host.AsOperator();
        var old = ManagementHost.Unique("old");
        var id = (await CreatedAsync(client, new { displayName = "Acme", slug = old })).GetProperty("id").GetString();
        await PatchAsync(client, id, new { slug = ManagementHost.Unique("next") });
        var slug = Slug.TryParse(old, out var parsed) ? parsed : default;
        var past = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        var until = await host.ReadAsync(null, db => db.OrganizationSlugs.Where(s => s.Slug == slug).Select(s => s.Until).SingleAsync(Ct));
        Assert.InRange(until!.Value - TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(89.9), TimeSpan.FromDays(90)); // given up just now
        await host.ReadAsync(null, db => db.OrganizationSlugs.Where(s => s.Slug == slug).ExecuteUpdateAsync(set => set.SetProperty(s => s.Until, past), Ct));

        await AssertProblem.IsAsync(await client.GetAsync($"organizations/by-slug/{old}", Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        var next = (await CreatedAsync(client, new { displayName = "Next", slug = old })).GetProperty("id").GetString();
        Assert.Equal(next, (await client.GetFromJsonAsync<JsonElement>($"organizations/by-slug/{old}", Ct)).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Nobody_hoards_former_slugs()
    {
        using var client = host.AsOperator();
        var first = ManagementHost.Unique("first");
        var id = (await CreatedAsync(client, new { displayName = "Acme", slug = first })).GetProperty("id").GetString();
        for (var i = 0; i < OrganizationSlug.MostFormer + 2; i++) await PatchAsync(client, id, new { slug = ManagementHost.Unique("next") });

        var organization = Id<Organization>.Parse(id!, null); // a created organization has one
        Assert.Equal(OrganizationSlug.MostFormer, await host.ReadAsync(null, db => db.OrganizationSlugs.CountAsync(s => s.OrganizationId == organization && s.Until != null, Ct)));
        await CreatedAsync(client, new { displayName = "Other", slug = first });
    }

    [Fact]
    public async Task Of_two_that_want_one_slug_at_once_one_gets_it()
    {
        using var client = host.AsOperator();
        var wanted = ManagementHost.Unique("want");
        var ids = new List<string?>();
        for (var i = 0; i < 4; i++) ids.Add((await CreatedAsync(client, new { displayName = "Acme" })).GetProperty("id").GetString());

        var answers = await Task.WhenAll(ids.Select(id => client.PatchAsJsonAsync($"organizations/{id}", new { slug = wanted }, Ct)).Append(client.PostAsJsonAsync("organizations", new { displayName = "New", slug = wanted }, Ct)));

        Assert.Single(answers, a => a.IsSuccessStatusCode);
        Assert.All(answers.Where(a => !a.IsSuccessStatusCode), a => Assert.Equal(HttpStatusCode.Conflict, a.StatusCode));
    }

    [Fact]
    public async Task A_full_organization_takes_nobody_in_not_even_at_once()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var client = host.AsOperator();
        await PatchAsync(client, organization.ToString(), new { memberLimit = 3 });
        var users = new List<Id<User>>();
        for (var i = 0; i < 6; i++) users.Add(await host.NewUserAsync(Ct));

        var added = await Task.WhenAll(users.Select(u => client.PostAsJsonAsync($"organizations/{organization}/members", new { userId = u.ToString() }, Ct)));
        Assert.Equal(2, added.Count(a => a.StatusCode == HttpStatusCode.Created));
        foreach (var refused in added.Where(a => a.StatusCode != HttpStatusCode.Created)) await AssertProblem.IsAsync(refused, HttpStatusCode.Conflict, "member_limit_reached", Ct);
        var members = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members", Ct);
        var last = members.GetProperty("data")[2].GetProperty("id").GetString();

        // A deactivated member leaves room; coming back needs it again.
        using (var gone = await client.PostAsync($"organizations/{organization}/members/{last}/deactivate", null, Ct)) Assert.True(gone.IsSuccessStatusCode);
        var waiting = users[Array.FindIndex(added, a => a.StatusCode != HttpStatusCode.Created)];
        using (var taken = await client.PostAsJsonAsync($"organizations/{organization}/members", new { userId = waiting.ToString() }, Ct)) Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        await AssertProblem.IsAsync(await client.PostAsync($"organizations/{organization}/members/{last}/reactivate", null, Ct), HttpStatusCode.Conflict, "member_limit_reached", Ct);

        // A lowered limit removes nobody; null is none.
        await PatchAsync(client, organization.ToString(), new { memberLimit = 1 });
        Assert.Equal(4, (await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members", Ct)).GetProperty("data").GetArrayLength());
        await PatchAsync(client, organization.ToString(), new { memberLimit = (int?)null });
        using (var back = await client.PostAsync($"organizations/{organization}/members/{last}/reactivate", null, Ct)) Assert.True(back.IsSuccessStatusCode);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}", new { memberLimit = 0 }, Ct), HttpStatusCode.BadRequest, "member_limit_invalid", Ct);
    }

    [Fact]
    public async Task Who_is_in_an_exclusive_organization_joins_no_other_and_the_other_way_round()
    {
        var (exclusive, open) = (await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)), await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)));
        var member = await host.NewMemberAsync(exclusive, BuiltInRoles.Member, Ct);
        var elsewhere = await host.NewMemberAsync(open, BuiltInRoles.Member, Ct);
        using var client = host.AsOperator();
        await PatchAsync(client, exclusive.ToString(), new { exclusiveMembership = true });

        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"organizations/{open}/members", new { userId = member.Membership.UserId.ToString() }, Ct), HttpStatusCode.Conflict, "single_org_policy", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"organizations/{exclusive}/members", new { userId = elsewhere.Membership.UserId.ToString() }, Ct), HttpStatusCode.Conflict, "single_org_policy", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync("organizations", new { displayName = "Own", ownerUserId = member.Membership.UserId.ToString() }, Ct), HttpStatusCode.Conflict, "single_org_policy", Ct);
        Assert.Equal(MemberErrors.SingleOrganization, (await host.UseAsync<JoinRules, Result>(null, rules => rules.CheckAtSignInAsync(open, member.Membership.UserId, null, Ct))).Error);

        using (var ended = await client.DeleteAsync($"organizations/{exclusive}/members/{member.Membership.Id}", Ct)) Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        using var joined = await client.PostAsJsonAsync($"organizations/{open}/members", new { userId = member.Membership.UserId.ToString() }, Ct);
        Assert.Equal(HttpStatusCode.Created, joined.StatusCode);
    }

    [Fact]
    public async Task Making_an_organization_exclusive_names_who_stands_in_the_way_and_removes_nobody()
    {
        var (one, other) = (await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)), await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)));
        var member = await host.NewMemberAsync(one, BuiltInRoles.Member, Ct);
        await host.NewMemberAsync(other, BuiltInRoles.Member, Ct, member.Membership.UserId);
        using var client = host.AsOperator();

        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{one}", new { exclusiveMembership = true }, Ct), HttpStatusCode.Conflict, "members_elsewhere", Ct);
        var listed = Assert.Single((await client.GetFromJsonAsync<JsonElement>($"organizations/{one}/members-elsewhere", Ct)).GetProperty("data").EnumerateArray());
        Assert.Equal(member.Membership.Id.ToString(), listed.GetProperty("memberId").GetString());
        Assert.Equal(other.ToString(), Assert.Single(listed.GetProperty("organizations").EnumerateArray()).GetString());
        Assert.Equal(2, (await client.GetFromJsonAsync<JsonElement>($"organizations/{one}/members", Ct)).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task What_a_plan_allows_is_not_an_owners_to_change()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        using var client = await host.AsUserAsync(owner, organization, Ct);
        foreach (var body in new object[] { new { memberLimit = 1000 }, new { exclusiveMembership = true } })
            await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}", body, Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
    }

    private static async Task<JsonElement> CreatedAsync(HttpClient client, object body)
    {
        using var created = await client.PostAsJsonAsync("organizations", body, Ct);
        Assert.True(created.StatusCode == HttpStatusCode.Created, await created.Content.ReadAsStringAsync(Ct));
        return await created.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private static async Task PatchAsync(HttpClient client, string? organization, object body)
    {
        using var changed = await client.PatchAsJsonAsync($"organizations/{organization}", body, Ct);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync(Ct));
    }
}

public sealed class OrganizationPolicyOnSqlite(SqliteManagement host) : OrganizationPolicyTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class OrganizationPolicyOnPostgreSql(PostgreSqlManagement host) : OrganizationPolicyTests(host), IClassFixture<PostgreSqlManagement>;
