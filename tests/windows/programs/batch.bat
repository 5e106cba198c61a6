@echo off
rem batch.bat [STATUS]: says its argument and ends with it.
echo batch %~1
exit /b %~1
