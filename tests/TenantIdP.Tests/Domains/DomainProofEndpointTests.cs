using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>The management API with a real server of names as its resolver.</summary>
public abstract class DomainProofHost(TestStore store) : ManagementHost(store), IAsyncLifetime
{
    public const string Zone = "proofs.test";

    private readonly SemaphoreSlim publishing = new(1, 1);
    private readonly List<string> records = [];

    public DnsServer Dns { get; private set; } = null!; // set by InitializeAsync

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        Dns = await DnsServer.StartAsync(new Dictionary<string, string?> { [Zone] = "" }, CancellationToken.None);
        await InitializeAsync();
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        await Dns.DisposeAsync();
        publishing.Dispose();
        GC.SuppressFinalize(this);
    }

    public async Task PublishAsync(string record, CancellationToken ct)
    {
        await publishing.WaitAsync(ct);
        try
        {
            records.Add(record);
            await Dns.PublishAsync(Zone, string.Join('\n', records), ct);
        }
        finally
        {
            publishing.Release();
        }
    }

    protected override void Configure(IServiceCollection services)
    {
        base.Configure(services);
        services.Replace(ServiceDescriptor.Singleton(new DomainOptions { Allowed = ["test", "example"], Resolvers = [Dns.Address], AuthorityMethods = [VerificationMethod.Dns, VerificationMethod.File] }));
    }
}

public sealed class SqliteDomainProofs() : DomainProofHost(new SqliteStore());

public sealed class PostgreSqlDomainProofs(PostgreSqlCluster cluster) : DomainProofHost(new PostgreSqlStore(cluster));

public abstract class DomainProofEndpointTests(DomainProofHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<(HttpClient Client, string Path, Id<Organization> Organization)> OwnerAsync()
    {
        var user = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, user);
        return (await host.AsUserAsync(user, organization, Ct), $"organizations/{organization}/domains", organization);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == status, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static Task<HttpResponseMessage> VerifyAsync(HttpClient client, string path, JsonElement domain, string method = "dns") =>
        client.PostAsJsonAsync($"{path}/{domain.GetProperty("id").GetString()}/verify", new { method }, Ct);

    private static string[] Found(JsonElement proof) => [.. proof.GetProperty("attempt").GetProperty("seen").EnumerateArray().Select(s => s.GetProperty("found").GetString()!)]; // each has one

    [Fact]
    public async Task An_owner_claims_copies_the_record_and_verifies()
    {
        var (client, path, _) = await OwnerAsync();
        using var _1 = client;
        var name = ManagementHost.Unique("d");
        var claimed = await ReadAsync(await client.PostAsJsonAsync(path, new { host = $"https://{name}.{DomainProofHost.Zone}/login" }, Ct), HttpStatusCode.Created);
        Assert.Equal("pending", claimed.GetProperty("status").GetString());
        var records = claimed.GetProperty("records");
        var before = await ReadAsync(await VerifyAsync(client, path, claimed), HttpStatusCode.OK);

        // As it stands in the answer: a full name and a value.
        await host.PublishAsync($"{records.GetProperty("dnsName").GetString()}. TXT \"{records.GetProperty("dnsValue").GetString()}\"", Ct);
        var after = await ReadAsync(await VerifyAsync(client, path, claimed), HttpStatusCode.OK);
        var attempts = await ReadAsync(await client.GetAsync($"{path}/{claimed.GetProperty("id").GetString()}/proof-attempts", Ct), HttpStatusCode.OK);

        Assert.False(before.GetProperty("proven").GetBoolean());
        Assert.Equal(["not_there", "not_there"], Found(before));
        Assert.True(after.GetProperty("proven").GetBoolean());
        Assert.Equal(("verified", true, "dns"), (after.GetProperty("domain").GetProperty("status").GetString(), after.GetProperty("domain").GetProperty("verified").GetBoolean(), after.GetProperty("domain").GetProperty("verifiedBy").GetString()));
        Assert.Equal([true, false], attempts.GetProperty("data").EnumerateArray().Select(a => a.GetProperty("proven").GetBoolean()));
    }

    [Fact]
    public async Task The_second_organization_that_proves_a_host_is_refused_without_a_word_about_the_first()
    {
        var (first, path, organization) = await OwnerAsync();
        var (second, elsewhere, _) = await OwnerAsync();
        using var _1 = first;
        using var _2 = second;
        var body = new { host = $"{ManagementHost.Unique("d")}.{DomainProofHost.Zone}" };
        var (ours, theirs) = (await ReadAsync(await first.PostAsJsonAsync(path, body, Ct), HttpStatusCode.Created), await ReadAsync(await second.PostAsJsonAsync(elsewhere, body, Ct), HttpStatusCode.Created));
        foreach (var claim in new[] { ours, theirs }) await host.PublishAsync($"{claim.GetProperty("records").GetProperty("dnsName").GetString()}. TXT \"{claim.GetProperty("records").GetProperty("dnsValue").GetString()}\"", Ct);

        await ReadAsync(await VerifyAsync(first, path, ours), HttpStatusCode.OK);
        using var refused = await VerifyAsync(second, elsewhere, theirs);

        Assert.DoesNotContain(organization.ToString(), await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        await AssertProblem.IsAsync(refused, HttpStatusCode.Conflict, "domain_unavailable", Ct);
        var state = await ReadAsync(await second.GetAsync($"{elsewhere}/{theirs.GetProperty("id").GetString()}", Ct), HttpStatusCode.OK);
        Assert.Equal("pending", state.GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_member_sees_no_tokens_and_looks_for_nothing()
    {
        var (client, path, organization) = await OwnerAsync();
        using var _1 = client;
        var claimed = await ReadAsync(await client.PostAsJsonAsync(path, new { host = $"{ManagementHost.Unique("d")}.{DomainProofHost.Zone}" }, Ct), HttpStatusCode.Created);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        using var theirs = await host.AsUserAsync(member.Membership.UserId, organization, Ct);

        using var verify = await VerifyAsync(theirs, path, claimed);
        using var list = await theirs.GetAsync($"{path}/{claimed.GetProperty("id").GetString()}/proof-attempts", Ct);

        await AssertProblem.IsAsync(verify, HttpStatusCode.Forbidden, "permission_missing", Ct);
        await AssertProblem.IsAsync(list, HttpStatusCode.Forbidden, "permission_missing", Ct);
    }

    [Theory]
    [InlineData("meta_tag", "domain_method_off")] // this instance takes DNS and the file
    [InlineData("operator", "domain_method_off")]
    public async Task A_method_that_does_not_count_is_refused(string method, string code)
    {
        var (client, path, _) = await OwnerAsync();
        using var _1 = client;
        var claimed = await ReadAsync(await client.PostAsJsonAsync(path, new { host = $"{ManagementHost.Unique("d")}.{DomainProofHost.Zone}" }, Ct), HttpStatusCode.Created);

        using var refused = await VerifyAsync(client, path, claimed, method);

        await AssertProblem.IsAsync(refused, HttpStatusCode.BadRequest, code, Ct);
    }

    [Fact]
    public async Task A_replaced_token_is_another_one_and_the_old_proves_nothing()
    {
        var (client, path, _) = await OwnerAsync();
        using var _1 = client;
        var claimed = await ReadAsync(await client.PostAsJsonAsync(path, new { host = $"{ManagementHost.Unique("d")}.{DomainProofHost.Zone}" }, Ct), HttpStatusCode.Created);
        await host.PublishAsync($"{claimed.GetProperty("records").GetProperty("dnsName").GetString()}. TXT \"{claimed.GetProperty("records").GetProperty("dnsValue").GetString()}\"", Ct);

        var replaced = await ReadAsync(await client.PostAsync($"{path}/{claimed.GetProperty("id").GetString()}/replace-challenge", null, Ct), HttpStatusCode.OK);
        var looked = await ReadAsync(await VerifyAsync(client, path, claimed), HttpStatusCode.OK);

        Assert.NotEqual(claimed.GetProperty("challenge").GetString(), replaced.GetProperty("challenge").GetString());
        Assert.Equal("wrong_value", Found(looked)[0]);
    }

    [Theory]
    [InlineData("gmail.com", "domain_consumer")]
    [InlineData("co.uk", "domain_public_suffix")]
    [InlineData("mailinator.com", "domain_disposable")]
    [InlineData("server.local", "domain_reserved")]
    [InlineData("10.1.2.3", "host_invalid")]
    [InlineData("[::1]", "host_invalid")]
    [InlineData("acme", "host_invalid")]
    [InlineData("a@b.com@c.com", "host_invalid")]
    [Trait("Attack", "B8")]
    public async Task Names_that_nobody_may_claim_are_refused_by_a_code_of_their_own(string pasted, string code)
    {
        var (client, path, _) = await OwnerAsync();
        using var _1 = client;

        using var refused = await client.PostAsJsonAsync(path, new { host = pasted }, Ct);

        await AssertProblem.IsAsync(refused, HttpStatusCode.BadRequest, code, Ct);
    }

    [Fact]
    public async Task A_name_in_another_script_is_shown_as_its_readers_write_it()
    {
        var (client, path, _) = await OwnerAsync();
        using var _1 = client;
        var name = $"bücher-{ManagementHost.Unique("d")}.example";

        var claimed = await ReadAsync(await client.PostAsJsonAsync(path, new { host = name }, Ct), HttpStatusCode.Created);
        var alike = await ReadAsync(await client.PostAsJsonAsync(path, new { host = $"аcme-{ManagementHost.Unique("d")}.example" }, Ct), HttpStatusCode.Created); // its first letter is Cyrillic

        Assert.StartsWith("xn--", claimed.GetProperty("host").GetString(), StringComparison.Ordinal);
        Assert.Equal((name, false, true), (claimed.GetProperty("unicodeHost").GetString(), claimed.GetProperty("lookAlike").GetBoolean(), alike.GetProperty("lookAlike").GetBoolean()));
    }
}

public sealed class DomainProofEndpointsOnSqlite(SqliteDomainProofs host) : DomainProofEndpointTests(host), IClassFixture<SqliteDomainProofs>;

[Trait("Store", "PostgreSql")]
public sealed class DomainProofEndpointsOnPostgreSql(PostgreSqlDomainProofs host) : DomainProofEndpointTests(host), IClassFixture<PostgreSqlDomainProofs>;
