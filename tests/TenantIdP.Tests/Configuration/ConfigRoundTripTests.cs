using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Configuration;

/// <summary>What is exported is the same configuration again, here and elsewhere, whatever it is called.</summary>
public abstract partial class ConfigRoundTripTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Texts that are something else to some reader of YAML, or break a line of it.</summary>
    private static readonly string[] Texts =
    [
        "yes", "no", "On", "y", "~", "null", "Null", "true", "1", "1.0", "-1e3", "0x1F", "0o7", "1_000", ".inf", ".NaN", "2026-01-01", "12:30:45", "=", "<<", "a: b", "a #b", "a:", ": a", "- a", "? a", "#a",
        "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'a'", "\"a\"", "a\\b", "\\u0041", "{a}", "[a]", "a, b", "Straße", "Ελλάδα", "Москва", "日本語", "한국어", "العربية", "עברית", "ไทย", "हिन्दी", "👩‍👩‍👧 Family", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "Zoë", "İstanbul", "a\u00a0b", "a\u2009b", "a\u3000b", "a\u200db", "O'Brien & Söhne <script>", "…", "-", "--- a", "...", "a  b", "ﬁ", "𝔘𝔫𝔦",
    ];

    /// <summary>Such texts as only metadata may have.</summary>
    private static readonly string[] Wild = [.. Texts, "", " ", " leading", "trailing ", "two\nlines\n", "\n", "\r\n", "\t", "tab\tin", "\u0085", "\u2028", "\u202eback", "\u0007", "\u001b[2J", "\ufeffbom", new string('x', 2_000), "a\n  b: c\n# d"];

    public static TheoryData<int> Seeds => [1, 2];

    [Theory, MemberData(nameof(Seeds))]
    public async Task An_export_is_nothing_to_do_here_and_the_same_text_elsewhere(int seed)
    {
        var yaml = Wilderness(new Random(seed));
        await using var here = await ConfigInstance.NewAsync(store, Ct);
        await using var there = await ConfigInstance.NewAsync(store, Ct);

        await here.MustApplyAsync(yaml);
        Assert.Equal((0, "Nothing to do.\n", ""), await here.PlanAsync(yaml));
        var exported = await here.ExportAsync("--without-ids");
        SetSecrets(exported);
        Assert.Equal((0, "Nothing to do.\n", ""), await here.PlanAsync(exported, "--prune"));
        Assert.Equal((0, "Nothing to do.\n", ""), await here.PlanAsync(await here.ExportAsync(), "--prune"));
        await there.MustApplyAsync(exported);

        Assert.Equal(exported, await there.ExportAsync("--without-ids"));
        Assert.Equal((0, "Nothing to do.\n", ""), await there.PlanAsync(yaml));
    }

    [Fact]
    public async Task The_example_of_the_documentation_applies_and_round_trips()
    {
        Environment.SetEnvironmentVariable("LEDGERLINE_CLIENT_SECRET", AppSecret);
        Environment.SetEnvironmentVariable("ACME_OKTA_SECRET", UpstreamSecret);
        var yaml = await File.ReadAllTextAsync(Path.Combine(House.SourceTree.Root, "docs", "examples", "config.yaml"), Ct);
        await using var here = await ConfigInstance.NewAsync(store, Ct);
        await using var there = await ConfigInstance.NewAsync(store, Ct);

        await here.MustApplyAsync(yaml);
        Assert.Equal(0, (await here.PlanAsync(yaml, "--prune")).Code);
        var exported = await here.ExportAsync("--without-ids");
        SetSecrets(exported);
        await there.MustApplyAsync(exported);

        Assert.Equal(exported, await there.ExportAsync("--without-ids"));
        Assert.Contains("acme.example:", await here.ExportAsync("acme"), StringComparison.Ordinal);
        Assert.DoesNotContain("globex", await here.ExportAsync("acme"), StringComparison.Ordinal);
        Assert.Equal(await here.ExportAsync("acme"), await here.ExportAsync("--organization", (await here.IdAsync("acme")).ToString()));
        Assert.Contains("(organization_not_found)", (await here.RunAsync(["export", "nobody"], null)).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_value_of_any_exported_property_is_seen_as_drift()
    {
        Environment.SetEnvironmentVariable("LEDGERLINE_CLIENT_SECRET", AppSecret);
        Environment.SetEnvironmentVariable("ACME_OKTA_SECRET", UpstreamSecret);
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync(await File.ReadAllTextAsync(Path.Combine(House.SourceTree.Root, "docs", "examples", "config.yaml"), Ct));
        var exported = await instance.ExportAsync("acme");
        SetSecrets(exported);

        foreach (var (was, becomes) in new[] { ("seats: 250", "seats: 251"), ("- eu", "- ch"), ("allowSha1: false", "allowSha1: true"), ("role: accountant", "role: member"), ("/adfs/ls/", "/other") })
        {
            Assert.Contains(was, exported, StringComparison.Ordinal);
            Assert.Equal((was, 2), (was, (await instance.PlanAsync(exported.Replace(was, becomes, StringComparison.Ordinal))).Code));
        }
    }

    private static readonly string AppSecret = MachineSecret.New(AppSecrets.Prefix);

    private const string UpstreamSecret = "an upstream secret";

    /// <summary>The variables that an export names.</summary>
    private static void SetSecrets(string exported)
    {
        foreach (Match variable in Variable().Matches(exported))
            Environment.SetEnvironmentVariable(variable.Groups[1].Value, variable.Groups[1].Value.StartsWith("SECRET_APP_", StringComparison.Ordinal) ? AppSecret : UpstreamSecret);
    }

    /// <summary>One of everything with names of all sorts; JSON, which is YAML.</summary>
    private static string Wilderness(Random random)
    {
        var (app, upstream, texts) = (ConfigInstance.Secret(AppSecret), ConfigInstance.Secret(UpstreamSecret), Texts.ToArray());
        random.Shuffle(texts);
        string Name() => texts[random.Next(texts.Length)] + (random.Next(2) == 0 ? "" : " " + texts[random.Next(texts.Length)]);
        object Value(int depth) => random.Next(depth > 3 ? 4 : 6) switch
        {
            0 => Wild[random.Next(Wild.Length)],
            1 => random.Next(2) == 0,
            2 => random.Next(-1_000, 1_000),
            3 => JsonElement.Parse(new[] { "1.0", "1e3", "-0", "12345678901234567890123", "0.10" }[random.Next(5)]),
            4 => Enumerable.Range(0, random.Next(3)).Select(_ => Value(depth + 1)).ToArray(),
            _ => Enumerable.Range(0, random.Next(4)).Select(i => Wild[random.Next(Wild.Length)] + i).Distinct().ToDictionary(k => k, _ => Value(depth + 1)),
        };

        using var signing = new SigningApp();
        var certificates = Enumerable.Range(0, 2).Select(_ => Certificate()).ToArray();
        return JsonSerializer.Serialize(new
        {
            version = 1,
            apis = new Dictionary<string, object> { ["https://api.example/1.0"] = new { displayName = Name(), scopes = new[] { "yes", "1.0", "a:b" }, accessTokenSeconds = (int?)null, permissions = new[] { new { name = "a:b", builtInRoles = new[] { "owner" } } } } },
            roles = new Dictionary<string, object> { ["yes"] = new { displayName = Name() }, ["null"] = new { displayName = Name(), permissions = new[] { "invoices:read", "a:b" } } },
            apps = texts.Take(6).ToDictionary(t => t, t => (object)new { kind = "web", redirectUris = new[] { "https://app.example/cb" }, initiateLoginUri = "https://app.example/login", clientSecret = new { env = app } })
                .Append(KeyValuePair.Create("~ keys", (object)new { kind = "machine", tokenEndpointAuthMethod = "private_key_jwt", jwks = new { keys = new[] { new { kty = "EC", crv = "P-256", kid = "1.0", x = signing.EcKey.X, y = signing.EcKey.Y } } } }))
                .Append(KeyValuePair.Create("~ published", (object)new { kind = "machine", tokenEndpointAuthMethod = "private_key_jwt", jwksUri = "https://app.example/jwks" })).ToDictionary(p => p.Key, p => p.Value),
            organizations = new Dictionary<string, object>
            {
                ["yes"] = new { displayName = Name(), externalId = Name(), metadata = Enumerable.Range(0, 8).ToDictionary(i => Wild[random.Next(Wild.Length)] + i, _ => Value(0)) },
                ["0x1f"] = new
                {
                    displayName = Name(), requireSso = true, ssoEnforcement = new { exceptRoles = new[] { "on", "guest" }, rolloutPercent = 50, rolloutRoles = (string[]?)null }, acceptHomeSso = false,
                    roles = new Dictionary<string, object> { ["on"] = new { displayName = Name() } },
                    domains = new Dictionary<string, object> { ["münchen.example"] = new { verified = true, reason = Name() }, ["no.example"] = new { includeSubdomains = true } },
                    directories = texts.Skip(3).Take(2).ToDictionary(t => t, _ => (object)new
                    {
                        state = "disabled", outsideDomains = "guest", correlateBy = "external_id", ownsProfile = false, defaultRole = "on",
                        customAttributes = new[] { new { name = "yes", type = "dateTime", multiValued = true, caseExact = false, description = Name() }, new { name = "no", type = "string", multiValued = false, caseExact = true, description = "" } },
                    }),
                    connections = texts.Take(3).ToDictionary(t => t, _ => (object)new
                    {
                        kind = "oidc", issuer = "https://idp.example", clientId = Name(), clientSecret = new { env = upstream }, jit = "off", state = "active", untestedReason = Name(),
                        ssoRoles = new { attribute = Name(), rules = new[] { new { value = Name(), role = "on" } } },
                    }).Append(KeyValuePair.Create("~ SAML", (object)new
                    {
                        kind = "saml",
                        saml = new { entityId = "urn:idp:" + random.Next(), ssoUrl = "https://idp.example/sso", certificates, attributes = new { email = Name() }, requestedContexts = new[] { "urn:b", "urn:a" }, idpInitiatedApp = texts[0] },
                    })).ToDictionary(p => p.Key, p => p.Value),
                },
            },
        });
    }

    private static string Certificate()
    {
        using var key = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest("CN=idp", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return made.ExportCertificatePem();
    }

    [GeneratedRegex("env: (SECRET_[A-Z0-9_]+)")]
    private static partial Regex Variable();
}

public sealed class ConfigRoundTripOnSqlite(SqliteStore store) : ConfigRoundTripTests(store), IClassFixture<SqliteStore>;

public sealed class ConfigRoundTripOnPostgreSql(PostgreSqlStore store) : ConfigRoundTripTests(store), IClassFixture<PostgreSqlStore>;
