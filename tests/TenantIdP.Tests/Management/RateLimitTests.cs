using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.Observability;
using TenantIdP.Tests.RoundTrips;
using Xunit;

namespace TenantIdP.Tests.Management;

public sealed class LimitedManagement() : ManagementHost(new SqliteStore())
{
    public FakeTimeProvider Clock { get; } = new(TimeProvider.System.GetUtcNow());

    protected override void Configure(IServiceCollection services)
    {
        services.AddSingleton(new RateLimitOptions { RequestsPerMinute = 5, AnonymousRequestsPerMinute = 3, MaxCallers = 8 });
        services.AddSingleton<TimeProvider>(Clock);
        DatabaseTrips.AddTo(services);
    }
}

public sealed class RateLimitTests(LimitedManagement host) : IClassFixture<LimitedManagement>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private HttpClient As(string app) => host.Client(host.Tokens.Issue(new AccessTokenFacts(app, null, null, null, "", [$"{ManagementHost.Issuer}/api/v1"], ["management"])));

    private static int Header(HttpResponseMessage answer, string name) => int.Parse(answer.Headers.GetValues(name).Single(), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Every earlier window is over.</summary>
    private void NextMinute() => host.Clock.Advance(TimeSpan.FromMinutes(1));

    [Fact]
    public async Task Every_answer_says_what_is_left_and_the_one_too_many_when_to_come_back()
    {
        NextMinute();
        using var listener = new Listener(host.Services);
        using var client = As("app_counted");
        for (var left = 4; left >= 0; left--)
        {
            using var answer = await client.GetAsync(left % 2 == 0 ? "organizations" : "organizations?limit=0", Ct);
            Assert.Equal(left % 2 == 0 ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Equal((5, left, 60), (Header(answer, "RateLimit-Limit"), Header(answer, "RateLimit-Remaining"), Header(answer, "RateLimit-Reset")));
        }

        host.Clock.Advance(TimeSpan.FromSeconds(20));
        using var refused = await client.GetAsync("organizations", Ct);
        await AssertProblem.IsAsync(refused, HttpStatusCode.TooManyRequests, "rate_limited", Ct);
        Assert.Equal((0, 40), (Header(refused, "RateLimit-Remaining"), Header(refused, "RateLimit-Reset")));
        Assert.Equal(TimeSpan.FromSeconds(40), refused.Headers.RetryAfter?.Delta);
        Assert.Equal("known", Assert.Single(listener.Of("tenantidp.rate_limit.refusals"))["tenantidp.rate_limit.caller"]);

        using var neighbour = As("app_neighbour");
        Assert.Equal(HttpStatusCode.OK, (await neighbour.GetAsync("organizations", Ct)).StatusCode);
        host.Clock.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("organizations", Ct)).StatusCode);
    }

    [Fact]
    public async Task Guessing_tokens_is_counted_by_address_and_harms_nobody_who_has_one()
    {
        NextMinute();
        using var listener = new Listener(host.Services);
        using var guesser = host.Client("nonsense");
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.Unauthorized, (await guesser.GetAsync("organizations", Ct)).StatusCode);
        using var another = host.Client("other nonsense");
        await AssertProblem.IsAsync(await another.GetAsync("organizations", Ct), HttpStatusCode.TooManyRequests, "rate_limited", Ct);
        Assert.Equal("anonymous", Assert.Single(listener.Of("tenantidp.rate_limit.refusals"))["tenantidp.rate_limit.caller"]);
        using var client = As("app_honest");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("organizations", Ct)).StatusCode);
    }

    [Fact]
    [Trait("Attack", "G5")]
    public async Task An_invented_key_costs_no_statement_once_its_address_has_used_up_its_guesses()
    {
        NextMinute();
        var organization = await host.NewOrganizationAsync(Ct);
        var (used, fresh) = (await KeyAsync(organization), await KeyAsync(organization));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(used, organization)).Status);
        for (var i = 0; i < 3; i++) Assert.Equal((HttpStatusCode.Unauthorized, true), await AskAsync(KeySecret.New(), organization));

        Assert.Equal((HttpStatusCode.TooManyRequests, false), await AskAsync(KeySecret.New(), organization));
        Assert.Equal((HttpStatusCode.TooManyRequests, false), await AskAsync(fresh, organization)); // nobody knows it here: it waits for the next window
        Assert.Equal((HttpStatusCode.OK, true), await AskAsync(used, organization));
        NextMinute();
        Assert.Equal((HttpStatusCode.OK, true), await AskAsync(fresh, organization));
    }

    private async Task<string> KeyAsync(Id<Organization> organization) => (await host.UseAsync<KeyService, Result<MadeKey>>(
        organization, k => k.CreateAsync(organization, new KeySettings("Key", [Permission.MembersRead], null), null, Granter.Instance, Ct))).Value!.Secret; // valid

    private async Task<(HttpStatusCode Status, bool AskedTheDatabase)> AskAsync(string secret, Id<Organization> organization)
    {
        var (header, trips) = DatabaseTrips.Begin(ManagementHost.Unique("limits"));
        using var client = host.Client(secret);
        client.DefaultRequestHeaders.Add(DatabaseTrips.Header, header);
        using var answer = await client.GetAsync($"organizations/{organization}/members", Ct);
        return (answer.StatusCode, trips.Statements.Count > 0);
    }

    [Fact]
    public async Task Callers_beyond_the_most_that_are_remembered_share_one_count()
    {
        NextMinute();
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 30; i++)
        {
            using var client = As($"app_many_{i}");
            statuses.Add((await client.GetAsync("organizations", Ct)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[^1]);
        NextMinute();
        host.Clock.Advance(TimeSpan.FromSeconds(2));
        using var later = As("app_later");
        Assert.Equal(HttpStatusCode.OK, (await later.GetAsync("organizations", Ct)).StatusCode);
    }

    [Fact]
    public void A_setting_out_of_its_range_ends_the_start_and_is_named()
    {
        var refused = Assert.Throws<StartupException>(() => Settings.Read(RateLimitOptions.Section, () => new RateLimitOptions { RequestsPerMinute = 0 }));
        Assert.StartsWith("TenantIdP__RateLimits__RequestsPerMinute: ", refused.Message, StringComparison.Ordinal);
    }
}
