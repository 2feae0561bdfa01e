using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Instance;
using TenantIdP.Server;
using TenantIdP.Server.Http;
using Xunit;

namespace TenantIdP.Tests.Observability;

public sealed class LogFormatTests
{
    private static readonly FakeTimeProvider Clock = new(new DateTimeOffset(2026, 11, 27, 18, 0, 0, TimeSpan.Zero));

    private static string Write(ConsoleFormatter formatter, string message, Exception? failure = null, params KeyValuePair<string, object?>[] values)
    {
        using var writer = new StringWriter();
        formatter.Write(new LogEntry<IReadOnlyList<KeyValuePair<string, object?>>>(LogLevel.Warning, "Some.Category", new EventId(7, "SomethingHappened"), values, failure, (_, _) => message), null, writer);
        return writer.ToString();
    }

    [Fact]
    public void An_entry_is_one_JSON_object_with_its_values()
    {
        var line = Write(new JsonLogFormatter(Clock), "The work x failed", new InvalidOperationException("because"), new("Work", "x"), new("Count", 3), new("{OriginalFormat}", "The work {Work} failed"));

        var entry = JsonNode.Parse(line)!.AsObject();
        Assert.Equal("2026-11-27T18:00:00.000Z", (string?)entry["timestamp"]);
        Assert.Equal(("warning", "Some.Category", 7, "SomethingHappened", "The work x failed"), ((string?)entry["level"], (string?)entry["category"], (int?)entry["event_id"], (string?)entry["event"], (string?)entry["message"]));
        Assert.Equal("""{"Work":"x","Count":3}""", entry["attributes"]!.ToJsonString());
        Assert.Equal(("System.InvalidOperationException", "because"), ((string?)entry["exception"]!["type"], (string?)entry["exception"]!["message"]));
        Assert.Equal(1, line.Count(c => c == '\n'));
    }

    public static TheoryData<string> Hostile => ["a\r\ninfo: forged", "a\u001b[31mred", "a\u0000\u0008\u007f\u0085", "a\u2028b\u2029", "a\u202egnirts", "half\ud83d a pair", "a\"}\n{\"level\":\"critical\""];

    [Theory, MemberData(nameof(Hostile))]
    [Trait("Attack", "F7")]
    public void Text_of_others_adds_no_line_and_steers_no_terminal(string text)
    {
        var failure = new InvalidOperationException(text);

        foreach (var line in new[] { Write(new JsonLogFormatter(Clock), text, null, new KeyValuePair<string, object?>("Value", text)), Write(new TextLogFormatter(Clock), text) })
        {
            Assert.Equal(1, line.Count(c => c == '\n'));
            Assert.DoesNotContain(line.TrimEnd('\n', '\r'), c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202e');
        }

        // What an exception says comes below its entry, indented.
        Assert.All(Write(new TextLogFormatter(Clock), "failed", failure).TrimEnd().Split('\n').Skip(1), line => Assert.StartsWith("      ", line, StringComparison.Ordinal));
        Assert.Equal(1, Write(new JsonLogFormatter(Clock), "failed", failure).Count(c => c == '\n'));
    }

    [Fact]
    [Trait("Attack", "F7")]
    public void A_megabyte_is_cut()
    {
        var megabyte = new string('x', 1024 * 1024);

        Assert.InRange(Write(new TextLogFormatter(Clock), megabyte).Length, JsonLogFormatter.LongestMessage, JsonLogFormatter.LongestMessage + 200);
        Assert.InRange(Write(new JsonLogFormatter(Clock), megabyte, new InvalidOperationException(megabyte), new KeyValuePair<string, object?>("Agent", megabyte)).Length, 1, 40_000);
        Assert.Contains("(1048576 characters)", Write(new TextLogFormatter(Clock), megabyte), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("error: access_denied, jane.doe@acme.example is not here", "error: access_denied, …@… is not here")]
    [InlineData("login_hint=jane%40acme.example&x=1", "login_hint=…@…&x=1")]
    [InlineData("token eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMzQ1Njc4OTAifQ.e", "token ….e")]
    [InlineData("OpenIdConnectProtocolInvalidNonceExceptionOf: x", "OpenIdConnectProtocolInvalidNonceExceptionOf: x")]
    [InlineData("IDX10214: Audience validation failed", "IDX10214: Audience validation failed")]
    public void What_an_upstream_says_loses_addresses_and_tokens(string said, string logged) => Assert.Equal(logged, LogText.Redact(said));

    [Theory]
    [InlineData("Production", null, JsonLogFormatter.FormatterName)]
    [InlineData("Development", null, TextLogFormatter.FormatterName)]
    [InlineData("Production", "Text", TextLogFormatter.FormatterName)]
    [InlineData("Development", "json", JsonLogFormatter.FormatterName)]
    public async Task Production_writes_JSON_unless_told_otherwise(string environment, string? setting, string formatter)
    {
        await using var app = ServerApp.Build(["--environment", environment], builder => builder.Configuration.AddInMemoryCollection(Settings(("TenantIdP:Logging:Format", setting), ("Logging:Console:FormatterName", "simple"))));

        Assert.Equal(formatter, app.Services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName);
    }

    [Theory]
    [InlineData("TenantIdP:Logging:Format", "Xml", "TenantIdP__Logging")]
    [InlineData("TenantIdP:Telemetry:OtlpEndpoint", "collector:4317", "TenantIdP__Telemetry__OtlpEndpoint")]
    public void A_wrong_setting_is_named(string key, string value, string named)
    {
        var refused = Assert.Throws<StartupException>(() => ServerApp.Build(["--environment", "Production"], builder => builder.Configuration.AddInMemoryCollection(Settings((key, value)))));

        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What writes addresses with their queries stays silent whatever an operator turns on, for any provider.</summary>
    [Fact]
    public async Task No_setting_makes_a_framework_write_addresses()
    {
        var settings = Settings(
            ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics.More", "Trace"),
            ("Logging:Console:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", "Trace"), ("Logging:Console:LogLevel:Default", "Trace"),
            ("Logging:LogLevel:OpenIddict", "Trace"), ("Logging:LogLevel:System.Net.Http.HttpClient", "Trace"), ("Logging:LogLevel:TenantIdP.Server.Federation.ConnectionHandler", "Trace"),
            ("Logging:LogLevel:Microsoft.AspNetCore.Antiforgery", "Error"), ("Logging:Console:LogLevel:Microsoft.AspNetCore.Antiforgery", "Error"));
        await using var app = ServerApp.Build(["--environment", "Production"], builder => builder.Configuration.AddInMemoryCollection(settings));
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();

        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.Http.Result.RedirectResult").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("OpenIddict.Server.OpenIddictServerDispatcher").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("System.Net.Http.HttpClient.upstream.ClientHandler").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("TenantIdP.Server.Federation.ConnectionHandler").IsEnabled(LogLevel.Critical));
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.Antiforgery").IsEnabled(LogLevel.Warning)); // a stricter wish is kept
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics.More").IsEnabled(LogLevel.Information));
        Assert.True(loggers.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics").IsEnabled(LogLevel.Warning));
        Assert.True(loggers.CreateLogger("TenantIdP.Server.Anything").IsEnabled(LogLevel.Trace));
    }

    private static Dictionary<string, string?> Settings(params (string Key, string? Value)[] more)
    {
        var settings = new Dictionary<string, string?>
        {
            ["TenantIdP:Issuer"] = "https://login.example.com", ["TenantIdP:Encryption:Keys:0"] = Convert.ToBase64String(new byte[32]), ["ConnectionStrings:TenantIdP"] = $"Data Source={Path.GetTempPath()}/never-opened.db",
        };
        foreach (var (key, value) in more) settings[key] = value;
        return settings;
    }
}
