using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace TenantIdP.Tests.Client;

/// <summary>Keeps what the package logs.</summary>
internal sealed class LogLines : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName.StartsWith("TenantIdP.Client.", StringComparison.Ordinal));

    public void Dispose()
    {
    }

    private sealed class Writer(LogLines log, bool isOurs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => isOurs;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (isOurs) log.Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
        }
    }
}
