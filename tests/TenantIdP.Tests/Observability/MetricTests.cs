using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Background;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using TenantIdP.Tests.Tokens;
using Xunit;

namespace TenantIdP.Tests.Observability;

/// <summary>What the product's meter says of real flows.</summary>
public abstract class MetricTests(IdpHost idp) : EngineScene(idp)
{
    private const string SignIns = "tenantidp.sign_ins";
    private const string Grants = "tenantidp.token.grants";

    private static (object?, object?, object?) Sum(Measured m) => (m["tenantidp.sign_in.method"], m["tenantidp.sign_in.outcome"], m["error.type"]);

    [Fact]
    public async Task Sign_ins_are_counted_by_method_and_outcome_and_never_by_connection()
    {
        using var listener = new Listener(Host.Services);
        var email = $"metric@{Host.UniqueHost()}";
        await Host.AddMemberAsync(await Host.CreateOrganizationAsync(Ct), await Host.CreateUserAsync(email, Ct), Ct);
        var app = await Host.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(), email, Ct, "not the password at all");
        Assert.True(app.IsCallback((await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(), email, Ct)).Address));

        await using var upstream = await TestUpstream.StartAsync(Ct);
        var acme = await Host.CreateOrganizationAsync(Ct);
        var domain = await Host.VerifyDomainAsync(acme, Ct);
        await Host.ConnectAsync(acme, upstream, Ct, c => c with { TrustEmail = true });
        upstream.SignsIn("u-1", $"jane@{domain}");
        using var jane = new WebBrowser();
        Assert.True(app.IsCallback((await jane.GetAsync(app.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, app.IsCallback)).Address));
        upstream.SignsIn("u-2", "joe@elsewhere.example");
        using var joe = new WebBrowser();
        await joe.GetAsync(app.Authorize(("login_hint", $"joe@{domain}")).Address, Ct, app.IsCallback);
        upstream.Twist = token => token["nonce"] = "another";
        using var jim = new WebBrowser();
        await jim.GetAsync(app.Authorize(("login_hint", $"jim@{domain}")).Address, Ct, app.IsCallback);

        var counted = listener.Of(SignIns);
        Assert.Equal([("password", "refused", "wrong_credentials"), ("password", "succeeded", null), ("oidc", "succeeded", null), ("oidc", "refused", "email_domain_not_allowed"), ("oidc", "failed", "nonce")], counted.Select(Sum));
        Assert.All(counted, m => Assert.Null(m[Telemetry.ConnectionId]));
    }

    [Fact]
    public async Task A_SAML_sign_in_is_counted_and_an_answer_that_a_rule_refused_by_that_rule()
    {
        using var listener = new Listener(Host.Services);
        using var provider = new TestSamlIdp($"https://{Host.UniqueHost()}");
        var acme = await Host.CreateOrganizationAsync(Ct);
        var domain = await Host.VerifyDomainAsync(acme, Ct);
        await Host.ConnectSamlAsync(acme, provider, Ct);
        var app = await Host.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var request = TestSamlIdp.Read((await browser.GetAsync(app.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, provider.IsHere)).Address);
        var answer = provider.Answer(request, "n-1", $"jane@{domain}");
        answer.Audience = "https://somebody.else.example";
        await browser.SubmitAsync(await provider.PageAsync(answer, Ct), new Dictionary<string, string>(), Ct, stopAt: app.IsCallback);
        Assert.True(app.IsCallback((await browser.SubmitAsync(await provider.PageAsync(provider.Answer(request, "n-1", $"jane@{domain}"), Ct), new Dictionary<string, string>(), Ct, stopAt: app.IsCallback)).Address));

        Assert.Equal([("saml", "failed", "audience"), ("saml", "succeeded", null)], listener.Of(SignIns).Select(Sum));
    }

    [Fact]
    public async Task Token_grants_are_counted_by_type_and_outcome_and_a_type_nobody_knows_is_one_series()
    {
        var world = await WorldAsync();
        using var listener = new Listener(Host.Services);
        var tokens = await TokensAsync(world);
        var refreshed = await world.App.RefreshAsync(tokens.RefreshToken, Ct);
        var switched = await world.App.RefreshAsync(refreshed.RefreshToken, Ct, ("organization", world.Other.Id.ToString()));
        await world.App.RefreshAsync(switched.RefreshToken, Ct, ("organization", "org_of_nobody"));
        await world.App.TokenAsync([("grant_type", "urn:example:invented-" + Host.Unique("g"))], Ct);

        Assert.Equal(
            [("authorization_code", false, "granted", null), ("refresh_token", false, "granted", null), ("refresh_token", true, "granted", null), ("refresh_token", true, "refused", "access_denied"), (Telemetry.Other, false, "refused", "unsupported_grant_type")],
            listener.Of(Grants).Select(m => (m["tenantidp.token.grant_type"], (bool)m["tenantidp.token.switch"]!, m["tenantidp.token.outcome"], m["error.type"]))); // always there
    }

    [Fact]
    public async Task A_cache_says_whether_it_knew()
    {
        var app = await Host.CreateAppAsync(Ct, wanted => wanted with { Kind = Core.Apps.AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [] });
        using var listener = new Listener(Host.Services);
        Assert.True((await app.TokenAsync([("grant_type", "client_credentials")], Ct)).IsOk);
        Assert.True((await app.TokenAsync([("grant_type", "client_credentials")], Ct)).IsOk);

        var asked = listener.Of("tenantidp.cache.requests").Where(m => "apps".Equals(m["tenantidp.cache.name"])).Select(m => m["tenantidp.cache.result"]).ToList();
        Assert.Equal("miss", asked[0]);
        Assert.Equal("hit", asked[^1]);
        Assert.Contains(listener.Of("tenantidp.cache.requests"), m => "apis".Equals(m["tenantidp.cache.name"]));
    }

    [Fact]
    public async Task Scheduled_work_is_timed_and_its_gauge_tells_how_late_the_seals_are()
    {
        using var listener = new Listener(Host.Services);
        await Host.CreateOrganizationAsync(Ct); // leaves an event to seal
        var run = await listener.WaitAsync("tenantidp.work.duration", m => "event_sealing".Equals(m["tenantidp.work.name"]) && "done".Equals(m["tenantidp.work.outcome"]), Ct);
        Assert.InRange(run.Value, 0, 120);

        await Host.Services.GetRequiredService<Gauges>().ReadAsync(Ct);
        listener.Collect();

        Assert.InRange(Assert.Single(listener.Of("tenantidp.event.sealing_lag")).Value, 0, 3600);
        Assert.Equal(["ES256", "RS256"], listener.Of("tenantidp.signing_key.age").Select(m => (string?)m["tenantidp.signing_key.algorithm"]).Order());
        Assert.All(listener.Of("tenantidp.signing_key.age"), m => Assert.InRange(m.Value, 0, 86_400));
        Assert.Equal(["30d", "7d", "expired"], listener.Of("tenantidp.connection.certificates_ending").Select(m => (string?)m["tenantidp.connection.certificate_ends"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_left_of_our_certificates_and_the_connections_without_one_are_gauged()
    {
        await Host.InScopeAsync<Core.Connections.ServiceProviderKeys, object>(async keys => await keys.EnsureInstanceAsync(Ct));
        using var provider = new TestSamlIdp($"https://{Host.UniqueHost()}");
        var acme = await Host.CreateOrganizationAsync(Ct);
        await Host.VerifyDomainAsync(acme, Ct);
        using var listener = new Listener(Host.Services);
        var before = await EndingAsync();
        var soon = provider.Certificate with { NotAfter = TimeProvider.System.GetUtcNow().AddDays(5) };
        await Host.ConnectSamlAsync(acme, provider, Ct, change => change with { Certificates = new Core.Kernel.Patch<IReadOnlyList<Core.Connections.CertificateFacts>>([soon]) });
        var after = await EndingAsync();

        Assert.Equal((before["expired"], before["7d"] + 1, before["30d"] + 1), (after["expired"], after["7d"], after["30d"]));
        var left = listener.Of("tenantidp.saml.certificate.remaining");
        Assert.Equal(["encryption", "signing"], left.Select(m => (string?)m["tenantidp.saml.key.use"]).Distinct().Order());
        Assert.All(left, m => Assert.InRange(m.Value, 86_400 * 30, 86_400 * 2000));

        async Task<Dictionary<string, double>> EndingAsync()
        {
            await Host.Services.GetRequiredService<Gauges>().ReadAsync(Ct);
            listener.Collect();
            return listener.Of("tenantidp.connection.certificates_ending").TakeLast(3).ToDictionary(m => (string)m["tenantidp.connection.certificate_ends"]!, m => m.Value); // always there
        }
    }
}

[Collection(SqliteHost.Name)]
public sealed class MetricsOnSqlite(SqliteIdp idp) : MetricTests(idp);

[Collection(PostgreSqlHost.Name)]
public sealed class MetricsOnPostgreSql(PostgreSqlIdp idp) : MetricTests(idp);

/// <summary>What the meter promises beside any flow.</summary>
public sealed class TelemetryTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed class Reads
    {
        public int Count { get; set; }
    }

    private sealed class Counted(Reads reads) : IGaugeSource
    {
        public static GaugeDescription Gauge { get; } = new("tenantidp.test.counted", "{read}", "Counts how often it is read.");

        public Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken ct) => Task.FromResult<IReadOnlyList<Measurement<double>>>([new(++reads.Count)]);
    }

    private static ServiceProvider Node(TelemetryOptions options, FakeTimeProvider? clock = null)
    {
        var services = new ServiceCollection().AddMetrics().AddLogging().AddSingleton(options).AddSingleton<Telemetry>().AddSingleton<Reads>().AddSingleton<TimeProvider>(clock ?? new FakeTimeProvider());
        services.AddGauge<Counted>();
        services.AddSingleton<Gauges>();
        return services.BuildServiceProvider();
    }

    [Fact]
    public void Only_a_watched_connection_has_a_series_of_its_own()
    {
        using var node = Node(new TelemetryOptions { WatchedConnections = ["con_watched"] });
        using var listener = new Listener(node);
        var telemetry = node.GetRequiredService<Telemetry>();
        foreach (var connection in new[] { "con_watched", "con_other" }) telemetry.SignIn("saml", SignInOutcome.Succeeded, connection: connection);

        // Instruments of a meter are found when the listener sees them made.
        Assert.Equal(["con_watched", null], listener.Of("tenantidp.sign_ins").Select(m => m[Telemetry.ConnectionId]));
    }

    [Fact]
    public async Task A_gauge_that_nobody_listens_to_is_never_read_and_a_reading_that_grew_old_is_not_told()
    {
        var clock = new FakeTimeProvider();
        using var node = Node(new TelemetryOptions(), clock);
        var (gauges, reads) = (node.GetRequiredService<Gauges>(), node.GetRequiredService<Reads>());
        await gauges.ReadAsync(Ct);
        Assert.Equal(0, reads.Count);

        using var listener = new Listener(node);
        await gauges.ReadAsync(Ct);
        listener.Collect();
        Assert.Equal((1, 1d), (reads.Count, Assert.Single(listener.Of("tenantidp.test.counted")).Value));
        clock.Advance(Gauges.Kept + TimeSpan.FromSeconds(1));
        listener.Collect();
        Assert.Single(listener.Of("tenantidp.test.counted"));
    }
}
