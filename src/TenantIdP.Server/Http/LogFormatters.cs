using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace TenantIdP.Server.Http;

/// <summary>
/// One JSON object a line, for a machine that collects them. Scopes are left out: the framework's own hold paths, and the trace id says which request it was. Every text is
/// cut, and JSON has no way to write a control character unescaped.
/// </summary>
public sealed class JsonLogFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "tenantidp-json";

    public const int LongestMessage = 4_000;
    public const int LongestValue = 1_000;
    public const int LongestTrace = 16_000;

    private const string Template = "{OriginalFormat}";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("timestamp", clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", logEntry.LogLevel.ToString().ToLowerInvariant());
            json.WriteString("category", logEntry.Category);
            json.WriteNumber("event_id", logEntry.EventId.Id);
            if (logEntry.EventId.Name is { } name) json.WriteString("event", name);
            json.WriteString("message", LogText.Clean(logEntry.Formatter(logEntry.State, logEntry.Exception) ?? "", LongestMessage));
            if (Activity.Current is { } activity)
            {
                json.WriteString("trace_id", activity.TraceId.ToString());
                json.WriteString("span_id", activity.SpanId.ToString());
            }

            if (logEntry.State is IReadOnlyList<KeyValuePair<string, object?>> { Count: > 0 } values) WriteValues(json, values);
            if (logEntry.Exception is { } failure) WriteFailure(json, failure);
            json.WriteEndObject();
        }

        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void WriteValues(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        json.WriteStartObject("attributes");
        foreach (var (name, value) in values)
        {
            if (name == Template) continue;
            json.WritePropertyName(name);
            if (value is bool or sbyte or byte or short or ushort or int or uint or long) json.WriteRawValue(Convert.ToString(value, CultureInfo.InvariantCulture)!.ToLowerInvariant()); // of these types it is a text
            else json.WriteStringValue(LogText.Clean(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", LongestValue));
        }

        json.WriteEndObject();
    }

    private static void WriteFailure(Utf8JsonWriter json, Exception failure)
    {
        json.WriteStartObject("exception");
        json.WriteString("type", failure.GetType().FullName);
        json.WriteString("message", LogText.Clean(failure.Message, LongestMessage));
        // Its lines are ours; each is cleaned, so that a message inside can't add one.
        json.WriteStartArray("stacktrace");
        foreach (var line in LogLines.Of(failure, LongestTrace)) json.WriteStringValue(line);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>For people at a terminal: one line for each entry, an exception indented below it.</summary>
public sealed class TextLogFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "tenantidp-text";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = LogText.Clean(logEntry.Formatter(logEntry.State, logEntry.Exception) ?? "", JsonLogFormatter.LongestMessage);
        textWriter.WriteLine($"{clock.GetUtcNow():HH:mm:ss.fff} {Word(logEntry.LogLevel)} {logEntry.Category}: {message}");
        if (logEntry.Exception is not { } failure) return;
        foreach (var line in LogLines.Of(failure, JsonLogFormatter.LongestTrace)) textWriter.WriteLine("      " + line);
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}

file static class LogLines
{
    public static IEnumerable<string> Of(Exception failure, int most)
    {
        var text = failure.ToString();
        var cut = text.Length > most ? text[..most] : text;
        return cut.Split('\n').Select(line => LogText.Clean(line.TrimEnd('\r'), JsonLogFormatter.LongestMessage));
    }
}
