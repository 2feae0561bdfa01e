using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.House;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace TenantIdP.Tests.Observability;

/// <summary>docs/operations: the list of metrics, the dashboard and the alerts name what exists, and nothing else.</summary>
[Collection(PostgreSqlHost.Name)]
public sealed partial class ObservabilityDocumentTests(PostgreSqlIdp idp)
{
    private const string OwnPrefix = "tenantidp.";

    private static readonly string[] PrometheusFamilies = ["tenantidp_", "http_", "db_", "dotnet_", "kestrel_"];

    // Of the resource and of Prometheus itself.
    private static readonly string[] OtherLabels = ["le", "service_instance_id", "http_route", "http_response_status_code", "db_client_connection_state", "error_type"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Metric(string Name, string Unit, string Kind)
    {
        /// <summary>As Prometheus stores it.</summary>
        public IEnumerable<string> Series
        {
            get
            {
                var unit = Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
                var name = Name.Replace('.', '_') + unit;
                return Kind switch { "counter" => [name + "_total"], "histogram" => [name + "_bucket", name + "_sum", name + "_count"], _ => [name] };
            }
        }
    }

    [Fact]
    public void The_page_lists_every_metric_of_the_product_as_it_is()
    {
        var exist = Instruments().Where(m => m.Name.StartsWith(OwnPrefix, StringComparison.Ordinal)).OrderBy(m => m.Name, StringComparer.Ordinal);
        var listed = Listed().Where(m => m.Name.StartsWith(OwnPrefix, StringComparison.Ordinal)).OrderBy(m => m.Name, StringComparer.Ordinal);

        Assert.Equal(exist, listed);
    }

    [Fact]
    public async Task What_it_lists_of_the_frameworks_exists_in_a_running_server()
    {
        using var browser = new WebBrowser();
        var app = await idp.CreateAppAsync(Ct);
        await browser.GetAsync(app.Authorize().Address, Ct, app.IsCallback); // so that every meter has been made
        var exist = Instruments();

        Assert.Empty(Listed().Where(m => !m.Name.StartsWith(OwnPrefix, StringComparison.Ordinal)).Except(exist));
    }

    [Fact]
    public void The_dashboard_asks_for_listed_metrics_and_shows_every_one_of_the_product()
    {
        var asked = Expressions(Dashboard()).ToList();

        Assert.True(asked.Count > 20);
        AssertKnown(asked);
        var shown = asked.SelectMany(Series).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Listed().Where(m => m.Name.StartsWith(OwnPrefix, StringComparison.Ordinal) && !m.Series.Any(shown.Contains)).Select(m => m.Name));
        var panels = Dashboard()["panels"]!.AsArray(); // a dashboard has panels
        Assert.Equal(panels.Count, panels.Select(p => (int)p!["id"]!).Distinct().Count()); // as above
    }

    [Fact]
    public void The_alerts_ask_for_listed_metrics_and_say_what_to_do()
    {
        var alerts = Alerts();

        Assert.True(alerts.Count > 10);
        AssertKnown(alerts.Select(a => Text(a, "expr")));
        Assert.Equal(alerts.Count, alerts.Select(a => Text(a, "alert")).Distinct().Count());
        Assert.All(alerts, alert =>
        {
            Assert.Matches("^[0-9]+[mh]$", Text(alert, "for"));
            Assert.Contains(Text((YamlMappingNode)alert["labels"], "severity"), (string[])["critical", "warning", "info"]);
            var notes = (YamlMappingNode)alert["annotations"];
            Assert.All((string[])["summary", "description"], note => Assert.True(Text(notes, note).Length > 10));
        });
    }

    private static void AssertKnown(IEnumerable<string> expressions)
    {
        var series = Listed().SelectMany(m => m.Series).ToHashSet(StringComparer.Ordinal);
        var page = Page();
        Assert.All(expressions, expression =>
        {
            Assert.Equal(expression.Count(c => c == '('), expression.Count(c => c == ')'));
            var names = Series(expression).ToList();
            Assert.NotEmpty(names);
            Assert.DoesNotContain(names, name => !series.Contains(name));
            Assert.DoesNotContain(Labels(expression), label => !OtherLabels.Contains(label) && !page.Contains($"`{Attribute(label, page)}`", StringComparison.Ordinal));
        });
    }

    /// <summary>The attribute whose name Prometheus writes so.</summary>
    private static string Attribute(string label, string page) => Code().Matches(page).Select(m => m.Groups[1].Value).FirstOrDefault(name => name.Replace('.', '_') == label) ?? label;

    private static IEnumerable<string> Series(string expression)
    {
        var bare = Grouping().Replace(Braces().Replace(expression, ""), " ");
        return Identifier().Matches(bare).Select(m => m.Value).Where(name => PrometheusFamilies.Any(f => name.StartsWith(f, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Labels(string expression) =>
        Braces().Matches(expression).SelectMany(m => Label().Matches(m.Value).Select(l => l.Groups[1].Value))
            .Concat(Grouping().Matches(expression).SelectMany(m => m.Groups[1].Value.Split(',').Select(l => l.Trim())));

    private List<Metric> Instruments()
    {
        _ = idp.Services; // has started
        var found = new List<Metric>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            lock (found) found.Add(new Metric(instrument.Name, instrument.Unit ?? "", KindOf(instrument)));
        };
        listener.Start();
        return [.. found.Where(m => !m.Name.StartsWith("tenantidp.test.", StringComparison.Ordinal)).Distinct()];
    }

    private static string KindOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "Counter" or "ObservableCounter" => "counter",
        "Histogram" => "histogram",
        "UpDownCounter" or "ObservableUpDownCounter" => "updowncounter",
        _ => "gauge",
    };

    private static List<Metric> Listed() => [.. Row().Matches(Page()).Select(m => new Metric(m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value))];

    private static string Page() => File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "operations", "observability.md"));

    private static JsonNode Dashboard() => JsonNode.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "operations", "grafana-dashboard.json")))!; // an object

    private static IEnumerable<string> Expressions(JsonNode dashboard) =>
        from panel in dashboard["panels"]!.AsArray() from target in panel!["targets"]?.AsArray() ?? [] select (string)target!["expr"]!; // a panel's targets have one

    private static List<YamlMappingNode> Alerts()
    {
        var yaml = new YamlStream();
        using var text = new StreamReader(Path.Combine(SourceTree.Root, "docs", "operations", "alerts.yaml"));
        yaml.Load(text);
        var groups = (YamlSequenceNode)yaml.Documents[0].RootNode["groups"];
        return [.. groups.SelectMany(g => (YamlSequenceNode)g["rules"]).Cast<YamlMappingNode>()];
    }

    private static string Text(YamlMappingNode node, string key) => ((YamlScalarNode)node[key]).Value ?? "";

    [GeneratedRegex(@"^\| `([a-z_.]+)` \| `([^`]+)` \| (counter|histogram|gauge|updowncounter) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([a-z_.]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Braces();

    [GeneratedRegex("([a-z_]+)\\s*(=~|!~|!=|=)")]
    private static partial Regex Label();

    [GeneratedRegex(@"\b(?:by|without)\s*\(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex("[a-z_][a-z0-9_]*")]
    private static partial Regex Identifier();
}
