using Microsoft.Extensions.Logging.Console;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Composition;

/// <summary>How the log is written.</summary>
public enum LogFormat
{
    Json,
    Text,
}

/// <summary>Section <c>TenantIdP:Logging</c>. Which levels are written is said by <c>Logging:LogLevel</c>, as in any ASP.NET Core server.</summary>
public sealed record LogOptions
{
    public const string Section = "TenantIdP:Logging";

    /// <summary>JSON outside Development, text inside it, unless given.</summary>
    public LogFormat? Format { get; init; }
}

/// <summary>Structured logs on standard output, and what no setting may turn on.</summary>
internal static class Logs
{
    /// <summary>
    /// What handles requests in frameworks writes addresses with their queries, redirects, headers and messages when it is talkative: codes, tokens, emails. It is silent below
    /// these levels whatever the configuration says.
    /// </summary>
    private static readonly (string Category, LogLevel Least)[] Floors =
    [
        ("Microsoft.AspNetCore", LogLevel.Warning),
        ("Microsoft.IdentityModel", LogLevel.Warning),
        ("System.Net.Http", LogLevel.Warning),
        ("OpenIddict", LogLevel.Warning),
        ("TenantIdP.Server.Federation.ConnectionHandler", LogLevel.None), // the base class writes what upstreams say, exceptions and all; SignInRefusals says it once
    ];

    public static void AddLogs(this WebApplicationBuilder builder)
    {
        var options = Settings.Read(LogOptions.Section, () => builder.Configuration.GetSection(LogOptions.Section).Get<LogOptions>());
        var format = options.Format ?? (builder.Environment.IsDevelopment() ? LogFormat.Text : LogFormat.Json);
        builder.Logging.AddConsoleFormatter<JsonLogFormatter, ConsoleFormatterOptions>();
        builder.Logging.AddConsoleFormatter<TextLogFormatter, ConsoleFormatterOptions>();
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.FormatterName = format == LogFormat.Json ? JsonLogFormatter.FormatterName : TextLogFormatter.FormatterName);
        builder.Services.PostConfigure<LoggerFilterOptions>(KeepFloors);
    }

    /// <summary>A rule for a provider beats one without, a longer category a shorter one, and the last of equals counts: so each floor is said last, for each provider and each longer category that any rule names.</summary>
    private static void KeepFloors(LoggerFilterOptions filters)
    {
        var rules = filters.Rules.ToList();
        var providers = rules.Select(rule => rule.ProviderName).Append(null).Distinct().ToList();
        foreach (var (category, least) in Floors)
        {
            var longer = rules.Select(rule => rule.CategoryName).OfType<string>().Where(name => name.StartsWith(category, StringComparison.OrdinalIgnoreCase));
            foreach (var name in longer.Append(category).Distinct(StringComparer.OrdinalIgnoreCase))
            {
                foreach (var provider in providers)
                {
                    var wanted = Wanted(rules, provider, name) ?? filters.MinLevel;
                    filters.Rules.Add(new LoggerFilterRule(provider, name, wanted > least ? wanted : least, null));
                }
            }
        }
    }

    /// <summary>The level that these rules give a category, as the framework chooses among them.</summary>
    private static LogLevel? Wanted(IReadOnlyList<LoggerFilterRule> rules, string? provider, string category) => rules
        .Select((rule, place) => (Rule: rule, Place: place))
        .Where(r => (r.Rule.ProviderName is null || r.Rule.ProviderName == provider) && (r.Rule.CategoryName is null || category.StartsWith(r.Rule.CategoryName, StringComparison.OrdinalIgnoreCase)))
        .OrderBy(r => r.Rule.ProviderName is not null).ThenBy(r => r.Rule.CategoryName?.Length ?? 0).ThenBy(r => r.Place)
        .LastOrDefault().Rule?.LogLevel;
}
