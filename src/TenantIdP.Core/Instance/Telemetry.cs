using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace TenantIdP.Core.Instance;

/// <summary>What is told about this process to whoever measures it.</summary>
public sealed record TelemetryOptions
{
    public const string Section = "TenantIdP:Telemetry";

    /// <summary>Connections that may have series of their own: an instance has any number of connections, a metrics store does not have any number of series.</summary>
    public const int MaxWatched = 100;

    /// <summary>Where an OpenTelemetry collector listens; null leaves it to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>. Without either nothing is exported.</summary>
    public string? OtlpEndpoint { get; init; }

    /// <summary>Ids of the connections whose sign-ins are counted one by one. All others are counted together, by method.</summary>
    public IReadOnlyList<string> WatchedConnections { get; init; } = [];
}

/// <summary>
/// The product's own meter and source of activities, named by the semantic conventions of OpenTelemetry where these have a name. Values of attributes are of small fixed
/// sets: ids stand on spans, never on metrics, but for the connections that an operator watches. Costs next to nothing while nobody listens.
/// </summary>
public sealed class Telemetry
{
    public const string Name = "TenantIdP";

    /// <summary>The semantic conventions' word for a value outside the set.</summary>
    public const string Other = "_OTHER";

    public const string ConnectionId = "tenantidp.connection.id";

    public static readonly ActivitySource Activities = new(Name);

    private static readonly HashSet<string> GrantTypes =
    [
        "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
    ];

    private readonly Meter meter;
    private readonly HashSet<string> watched;
    private readonly Counter<long> signIns;
    private readonly Counter<long> grants;
    private readonly Counter<long> cacheRequests;
    private readonly Counter<long> rateLimited;
    private readonly Counter<long> databaseErrors;
    private readonly Counter<long> mails;
    private readonly Histogram<double> works;

    public Telemetry(IMeterFactory meters, TelemetryOptions options)
    {
        meter = meters.Create(Name);
        watched = new HashSet<string>(options.WatchedConnections, StringComparer.Ordinal);
        signIns = meter.CreateCounter<long>("tenantidp.sign_ins", "{sign_in}", "Sign-ins of people that ended, by method and outcome.");
        grants = meter.CreateCounter<long>("tenantidp.token.grants", "{grant}", "Answers of the token endpoint, by grant type and outcome.");
        cacheRequests = meter.CreateCounter<long>("tenantidp.cache.requests", "{request}", "Questions to a cache of this node, by result.");
        rateLimited = meter.CreateCounter<long>("tenantidp.rate_limit.refusals", "{request}", "Requests that were refused because their caller had sent too many.");
        databaseErrors = meter.CreateCounter<long>("tenantidp.database.errors", "{error}", "Requests and works that failed because the database did.");
        mails = meter.CreateCounter<long>("tenantidp.mails", "{mail}", "Tries to send a mail, by template and outcome.");
        works = meter.CreateHistogram("tenantidp.work.duration", "s", "Runs of scheduled work on this node.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300] });
    }

    /// <summary>A sign-in that ended.</summary>
    /// <param name="method"><c>password</c>, <c>oidc</c> or <c>saml</c>.</param>
    /// <param name="outcome">One of <see cref="SignInOutcome"/>.</param>
    /// <param name="error">A code of ours, never text of somebody else's.</param>
    /// <param name="connection">Stands on the span, and on the metric when it is watched.</param>
    public void SignIn(string method, string outcome, string? error = null, string? connection = null)
    {
        if (connection is not null) Activity.Current?.SetTag(ConnectionId, connection);
        Activity.Current?.SetTag("tenantidp.sign_in.outcome", outcome);
        if (!signIns.Enabled) return;
        var tags = new TagList { { "tenantidp.sign_in.method", method }, { "tenantidp.sign_in.outcome", outcome } };
        if (error is not null) tags.Add("error.type", error);
        if (connection is not null && watched.Contains(connection)) tags.Add(ConnectionId, connection);
        signIns.Add(1, tags);
    }

    /// <summary>An answer of the token endpoint.</summary>
    /// <param name="grantType">As the request has it: any text.</param>
    /// <param name="isSwitch">A refresh that named an organization.</param>
    /// <param name="error">The error code of the answer (RFC 6749 section 5.2); null when tokens were granted.</param>
    public void TokenGrant(string? grantType, bool isSwitch, string? error)
    {
        var kind = grantType is not null && GrantTypes.Contains(grantType) ? grantType : Other;
        Activity.Current?.SetTag("tenantidp.token.grant_type", kind);
        if (error is not null) Activity.Current?.SetTag("error.type", error);
        if (!grants.Enabled) return;
        var tags = new TagList { { "tenantidp.token.grant_type", kind }, { "tenantidp.token.switch", isSwitch }, { "tenantidp.token.outcome", error is null ? "granted" : "refused" } };
        if (error is not null) tags.Add("error.type", error);
        grants.Add(1, tags);
    }

    /// <param name="cache">A name in the code.</param>
    public void CacheRequest(string cache, bool hit)
    {
        if (cacheRequests.Enabled) cacheRequests.Add(1, new TagList { { "tenantidp.cache.name", cache }, { "tenantidp.cache.result", hit ? "hit" : "miss" } });
    }

    /// <param name="isKnown">The caller had proven who they are.</param>
    public void RateLimited(bool isKnown) => rateLimited.Add(1, new KeyValuePair<string, object?>("tenantidp.rate_limit.caller", isKnown ? "known" : "anonymous"));

    /// <param name="error">The database's own code, or the type of the failure.</param>
    public void DatabaseError(string error) => databaseErrors.Add(1, new KeyValuePair<string, object?>("error.type", error));

    /// <param name="template">A name in the code.</param>
    /// <param name="outcome"><c>delivered</c>, <c>failed</c> (it is tried again), <c>given_up</c> or <c>held</c> (there is no mail server).</param>
    public void Mail(string template, string outcome) => mails.Add(1, new TagList { { "tenantidp.mail.template", template }, { "tenantidp.mail.outcome", outcome } });

    /// <param name="work">A name in the code.</param>
    /// <param name="outcome"><c>done</c>, <c>failed</c> or <c>lease_lost</c>.</param>
    public void Work(string work, string outcome, TimeSpan took)
    {
        if (works.Enabled) works.Record(took.TotalSeconds, new TagList { { "tenantidp.work.name", work }, { "tenantidp.work.outcome", outcome } });
    }

    /// <summary>A gauge whose values are asked for when somebody collects.</summary>
    public ObservableGauge<double> Observe(GaugeDescription gauge, Func<IEnumerable<Measurement<double>>> values) => meter.CreateObservableGauge(gauge.Name, values, gauge.Unit, gauge.Description);
}

/// <summary>How a sign-in ended.</summary>
public static class SignInOutcome
{
    public const string Succeeded = "succeeded";

    /// <summary>We did not let the person in: a wrong password, a rule of the organization.</summary>
    public const string Refused = "refused";

    /// <summary>The identity provider did not answer, or not rightly.</summary>
    public const string Failed = "failed";

    /// <summary>The account's own credential is asked for first; what becomes of it is counted again.</summary>
    public const string ProofRequired = "proof_required";
}
