using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using TenantIdP.Tests.Users;
using Xunit;

namespace TenantIdP.Tests.Members;

/// <summary>Which addresses an organization takes people with, whichever way they come.</summary>
public abstract class MembershipDomainTests(ManagementHost host)
{
    private const string Refused = "email_domain_not_allowed";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string NewHost() => $"{ManagementHost.Unique("d")}.example.org";

    private async Task<Id<User>> PersonAsync(params (string Address, bool Verified)[] addresses) =>
        (await host.PersonAsync(Ct, wanted => wanted with { Emails = [.. addresses.Select(a => new NewUserEmail(a.Address, a.Verified))] })).Id;

    private async Task VerifyAsync(Id<Organization> organization, string domain, bool includeSubdomains = false)
    {
        var claimed = (await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.ClaimAsync(organization, domain, includeSubdomains, Ct))).Value!; // valid input
        var verified = await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.VerifyByOperatorAsync(organization, claimed.Id, "test", Ct));
        Assert.True(verified.IsOk, verified.Error?.Code);
    }

    private static Task<JsonElement> SetAsync(HttpClient client, Id<Organization> organization, object settings) => client.AnswerAsync(HttpMethod.Patch, $"organizations/{organization}", settings, Ct);

    private static Task<HttpResponseMessage> AddAsync(HttpClient client, Id<Organization> organization, object person) => client.PostAsJsonAsync($"organizations/{organization}/members", person, Ct);

    [Fact]
    public async Task Verified_only_takes_people_of_the_organizations_own_domains()
    {
        var (organization, other) = (await host.NewOrganizationAsync(Ct), await host.NewOrganizationAsync(Ct));
        var (domain, claimed) = (NewHost(), NewHost());
        await VerifyAsync(organization, domain, includeSubdomains: true);
        await VerifyAsync(other, "eng." + domain);
        await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.ClaimAsync(organization, claimed, false, Ct)); // claimed is not verified
        using var client = host.AsOperator();
        await SetAsync(client, organization, new { membershipDomains = "verified_only" });
        var sub = await PersonAsync(($"jane@sales.{domain}", true));

        using (var taken = await AddAsync(client, organization, new { userId = sub.ToString() })) Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        foreach (var (address, verified) in new[] { ($"ann@{claimed}", true), ($"ann@not{domain}", true), ($"ann@eng.{domain}", true), ($"unverified@{domain}", false) })
        {
            var outsider = await PersonAsync((address, verified));
            await AssertProblem.IsAsync(await AddAsync(client, organization, new { userId = outsider.ToString() }), HttpStatusCode.Conflict, Refused, Ct);
        }

        var outside = $"bob@{claimed}";
        await PersonAsync((outside, true));
        await AssertProblem.IsAsync(await AddAsync(client, organization, new { email = outside }), HttpStatusCode.Conflict, Refused, Ct);

        // One allowed address among several is enough: a person has one primary address and may be in many organizations.
        var consultant = await PersonAsync(($"c@{claimed}", true), ($"c@{domain}", true));
        using var second = await AddAsync(client, organization, new { userId = consultant.ToString() });
        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
    }

    [Fact]
    public async Task A_list_names_its_hosts_exactly_and_is_kept_in_one_form()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var domain = NewHost();
        using var client = host.AsOperator();
        var set = await SetAsync(client, organization, new { membershipDomains = "list", membershipDomainList = new[] { "Bücher.example", $"@{domain.ToUpperInvariant()}", domain } });

        Assert.Equal(new[] { domain, "xn--bcher-kva.example" }.Order(StringComparer.Ordinal), set.GetProperty("membershipDomainList").EnumerateArray().Select(h => h.GetString()!));
        using (var taken = await AddAsync(client, organization, new { userId = (await PersonAsync(($"Jane@{domain}", true))).ToString() })) Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        await AssertProblem.IsAsync(await AddAsync(client, organization, new { userId = (await PersonAsync(($"jane@sub.{domain}", true))).ToString() }), HttpStatusCode.Conflict, Refused, Ct);

        foreach (var wrong in new object[]
        {
            new { membershipDomains = "list", membershipDomainList = Array.Empty<string>() }, new { membershipDomainList = new[] { "localhost" } }, new { membershipDomains = "any", membershipDomainList = new[] { domain } },
            new { membershipDomainList = Enumerable.Range(0, 101).Select(i => $"h{i}.example").ToArray() },
        })
            await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}", wrong, Ct), HttpStatusCode.BadRequest, "membership_domains_invalid", Ct);
        var any = await SetAsync(client, organization, new { membershipDomains = "any" });
        Assert.Equal(0, any.GetProperty("membershipDomainList").GetArrayLength());
    }

    [Fact]
    public async Task Switching_it_on_tells_who_would_not_be_taken_and_removes_nobody()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var domain = NewHost();
        await VerifyAsync(organization, domain);
        using var client = host.AsOperator();
        var outside = new List<string>();
        foreach (var i in Enumerable.Range(0, 5))
        {
            var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, await PersonAsync(i < 2 ? ($"p{i}@{domain}", true) : ($"{ManagementHost.Unique("p")}@elsewhere.example", true)));
            if (i >= 2) outside.Add(member.Membership.Id.ToString());
        }

        Assert.Empty((await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members-outside-domains", Ct)).GetProperty("data").EnumerateArray());
        var set = await SetAsync(client, organization, new { membershipDomains = "verified_only" });

        Assert.Equal(3, set.GetProperty("membersOutsideDomains").GetInt32());
        var first = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members-outside-domains?limit=2", Ct);
        var rest = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members-outside-domains?limit=2&after={Uri.EscapeDataString(first.GetProperty("next").GetString()!)}", Ct); // there is another page
        Assert.Equal(outside.Order(StringComparer.Ordinal), first.GetProperty("data").EnumerateArray().Concat(rest.GetProperty("data").EnumerateArray()).Select(m => m.GetProperty("id").GetString()!));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
        Assert.Equal(5, (await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members", Ct)).GetProperty("data").GetArrayLength());

        // Who leaves and wants to come back is taken by the rule of today.
        using (var gone = await client.PostAsync($"organizations/{organization}/members/{outside[0]}/deactivate", null, Ct)) Assert.True(gone.IsSuccessStatusCode);
        await AssertProblem.IsAsync(await client.PostAsync($"organizations/{organization}/members/{outside[0]}/reactivate", null, Ct), HttpStatusCode.Conflict, Refused, Ct);
    }

    [Fact]
    public async Task The_address_an_organization_knows_a_member_by_does_not_go()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var domain = NewHost();
        await VerifyAsync(organization, domain);
        using var client = host.AsOperator();
        var before = await PersonAsync(($"{ManagementHost.Unique("old")}@elsewhere.example", true), ($"{ManagementHost.Unique("old")}@other.example", true));
        await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, before);
        await SetAsync(client, organization, new { membershipDomains = "verified_only" });
        var member = await PersonAsync(($"{ManagementHost.Unique("m")}@elsewhere.example", true), ($"m@{domain}", true));
        await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, member);

        var path = $"users/{member}/emails/{await AddressAsync(client, member, domain)}";
        await AssertProblem.IsAsync(await client.DeleteAsync(path, Ct), HttpStatusCode.Conflict, Refused, Ct);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync(path, new { verified = false }, Ct), HttpStatusCode.Conflict, Refused, Ct);
        Assert.True((await client.GetFromJsonAsync<JsonElement>($"users/{member}/emails", Ct)).GetProperty("data").EnumerateArray().All(e => e.GetProperty("verified").GetBoolean()));

        // With a second one the first may go, and who never had one is left alone.
        await client.AnswerAsync(HttpMethod.Post, $"users/{member}/emails", new { address = $"n@{domain}", verified = true }, Ct);
        await client.AnswerAsync(HttpMethod.Delete, path, null, Ct);
        await client.AnswerAsync(HttpMethod.Delete, $"users/{before}/emails/{await AddressAsync(client, before, "other.example")}", null, Ct);
    }

    private static async Task<string> AddressAsync(HttpClient client, Id<User> user, string domain) =>
        (await client.GetFromJsonAsync<JsonElement>($"users/{user}/emails", Ct)).GetProperty("data").EnumerateArray().Single(e => e.GetProperty("address").GetString()!.EndsWith("@" + domain, StringComparison.Ordinal)).GetProperty("id").GetString()!; // shown

    [Fact]
    public async Task Imports_keep_the_rule_too()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var (domain, listed) = (NewHost(), NewHost());
        await VerifyAsync(organization, domain);
        using var client = host.AsOperator();
        await SetAsync(client, organization, new { membershipDomains = "list", membershipDomainList = new[] { listed } });

        var rows = new object[]
        {
            new { emails = new[] { new { address = $"a@{domain}", verified = true } }, memberships = new[] { new { organizationId = organization } } },
            new { emails = new[] { new { address = $"b@{listed}", verified = true } }, memberships = new[] { new { organizationId = organization } } },
            new { externalId = ManagementHost.Unique("x"), emails = new[] { new { address = $"c@{listed}", verified = false } }, memberships = new[] { new { organizationId = organization } } },
        };
        Assert.Equal([Refused, "created", Refused], await ImportAsync(client, "users/import", rows));
        Assert.Equal([Refused], await ImportAsync(client, $"organizations/{organization}/import", [new { email = $"d@{domain}" }]));
    }

    private static async Task<IEnumerable<string>> ImportAsync(HttpClient client, string path, object[] rows)
    {
        using var answer = await client.PostAsync(path, new StringContent(string.Join('\n', rows.Select(r => JsonSerializer.Serialize(r, JsonText.Options))), System.Text.Encoding.UTF8, "application/x-ndjson"), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).Select(row => row.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString()! : row.GetProperty("status").GetString()!)]; // one of the two is there
    }

    [Fact]
    public async Task An_admin_without_domains_write_does_not_change_it()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        using var client = await host.AsUserAsync(admin.Membership.UserId, organization, Ct);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}", new { membershipDomains = "any" }, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
    }
}

public sealed class MembershipDomainsOnSqlite(SqliteManagement host) : MembershipDomainTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class MembershipDomainsOnPostgreSql(PostgreSqlManagement host) : MembershipDomainTests(host), IClassFixture<PostgreSqlManagement>;
